"""A fuzzer of meaning: random formulas, and whether what is said about them is true."""
