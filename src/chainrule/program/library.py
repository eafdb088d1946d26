"""What the numerical libraries of all targets have."""

NATIVE = frozenset(
    ("exp", "expm1", "log", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "asin", "acos", "atan")
) | {"sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "floor"}
"""Functions of one argument that every numerical library has, good to a few ULP."""
