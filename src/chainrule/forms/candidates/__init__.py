"""Forms that may be better than the derivative as it is written: one file for each kind."""
