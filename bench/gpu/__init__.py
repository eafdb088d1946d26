"""Files of the whole catalogue on a GPU; README.md says what is measured and how it is run."""
