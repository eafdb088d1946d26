"""The functions of numerical libraries, by the names they have there."""

EVERYWHERE = (
    *("exp", "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan"),
    *("atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
)
"""What each library has, that of C and Python's ``math`` by these names."""
NATIVE = frozenset(EVERYWHERE) - {"log2", "log10", "atan2"}
NATIVE |= {"sqrt", "cbrt", "erf", "erfc", "floor"}
"""Functions of one argument that every numerical library has, good to a few ULP."""
_ARCS = ("sin", "cos", "tan", "tan2", "sinh", "cosh", "tanh")
UFUNCS = {
    **{name: name for name in EVERYWHERE},
    **{name: name for name in ("sqrt", "cbrt", "floor", "ceil", "trunc", "sign", "abs", "power")},
    **{f"a{name}": f"arc{name}" for name in _ARCS},
    **{"max": "maximum", "min": "minimum"},
}
"""Functions by their names in NumPy and jax.numpy."""
SPECIAL = {
    **{name: name for name in ("erf", "erfc", "erfinv", "gamma", "digamma")},
    "lgamma": "gammaln",
}
"""What these do not have, and scipy.special and jax.scipy.special do."""
