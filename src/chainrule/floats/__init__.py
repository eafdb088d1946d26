"""Floating-point formats, errors in ULP, and the inputs at which they are measured."""
