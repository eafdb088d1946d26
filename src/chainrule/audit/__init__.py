"""Errors over all inputs of a floating-point format: of our own forms, and of anyone's code."""
