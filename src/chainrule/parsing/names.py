"""Which words a formula may use: functions, constants, Greek letters, keywords."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple

from chainrule.errors import nearest
from chainrule.expr.functions import BY_NAME
from chainrule.expr.nodes import Number
from chainrule.parsing.operations import OPERATIONS

if TYPE_CHECKING:
    from chainrule.expr.catalogue import Entry

GREEK: dict[str, str] = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta",
    "η": "eta", "θ": "theta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu",
    "ξ": "xi", "ο": "omicron", "π": "pi", "ρ": "rho", "σ": "sigma", "ς": "sigma", "τ": "tau",
    "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
    "Α": "Alpha", "Β": "Beta", "Γ": "Gamma", "Δ": "Delta", "Ε": "Epsilon", "Ζ": "Zeta",
    "Η": "Eta", "Θ": "Theta", "Ι": "Iota", "Κ": "Kappa", "Λ": "Lambda", "Μ": "Mu", "Ν": "Nu",
    "Ξ": "Xi", "Ο": "Omicron", "Π": "Pi", "Ρ": "Rho", "Σ": "Sigma", "Τ": "Tau",
    "Υ": "Upsilon", "Φ": "Phi", "Χ": "Chi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
"""Greek letters and their English names (after NFKC, which maps ϕ to φ and ϑ to θ)."""

GREEK_WORDS = frozenset(GREEK.values())

GREEK_FUNCTIONS = {
    "sigma": "sigmoid",
    "Phi": "normcdf",
    "phi": "normpdf",
    "Gamma": "gamma",
    "psi": "digamma",
}
"""Greek letters that name a function where a bracket follows: σ(x), Γ(x)."""

FUNCTION_LETTERS = frozenset("fghFGH")
"""Letters that are a function nobody defined where a bracket follows: f(x)."""

CONSTANTS = frozenset({"e", "pi"})

KEYWORDS = {"if": "IF", "else": "ELSE", "otherwise": "ELSE"}
LOGIC = frozenset({"and", "or", "not"})

_MODULES = (
    "np numpy math jnp jax torch scipy special nn functional F tf keras K activations losses sp "
    "sympy lax mx cupy cp"
)
MODULES = frozenset(_MODULES.split())
"""Prefixes of Python spellings that are dropped: np.exp, torch.nn.functional.relu."""


class Signature(NamedTuple):
    """What a function is called with: main arguments, then parameters with their defaults."""

    name: str
    arguments: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    defaults: tuple[Number, ...] = ()

    def __str__(self) -> str:
        optional = zip(self.parameters, self.defaults, strict=True)
        given = [*self.arguments, *[f"{name}={default}" for name, default in optional]]
        return f"{self.name}({', '.join(given)})"


ALIASES: dict[str, tuple[str, ...]] = {
    "log": ("ln",),
    "log2": ("lb",),
    "log10": ("lg",),
    "sin": ("sen",),
    "tan": ("tg",),
    "cot": ("ctg", "cotg", "cotan"),
    "sinh": ("sh",),
    "cosh": ("ch",),
    "tanh": ("th",),
    "coth": ("cth",),
    "csc": ("cosec",),
    "asin": ("arcsin", "arcsen"),
    "acos": ("arccos",),
    "atan": ("arctan", "arctg"),
    "acot": ("arccot", "arcctg"),
    "asec": ("arcsec",),
    "acsc": ("arccsc",),
    "atan2": ("arctan2",),
    "asinh": ("arcsinh", "arsinh", "arsh"),
    "acosh": ("arccosh", "arcosh", "arch"),
    "atanh": ("arctanh", "artanh", "arth"),
    "acoth": ("arccoth", "arcoth"),
    "asech": ("arcsech", "arsech"),
    "acsch": ("arccsch", "arcsch"),
    "erfinv": ("erf_inv",),
    "Ei": ("expi",),
    "fresnels": ("FresnelS",),
    "fresnelc": ("FresnelC",),
    "lambertw": ("LambertW",),
    "normpdf": ("phi", "varphi", "norm_pdf"),
    "normcdf": ("Phi", "norm_cdf", "ndtr"),
    "gamma": ("Gamma",),
    "lgamma": ("gammaln", "loggamma"),
    "digamma": ("psi",),
    "abs": ("fabs", "absolute"),
    "sign": ("sgn", "signum"),
    "heaviside": ("step", "unitstep"),
    "max": ("maximum", "fmax"),
    "min": ("minimum", "fmin"),
    "ceil": ("ceiling",),
    "round": ("rint",),
    "trunc": ("fix",),
}
"""Other names that elementary functions are read by."""


ONLY_CALLED = frozenset(("sh", "ch", "th", "li", "Ei", "Si", "Ci", "Shi"))
"""Spellings that are letters where nothing follows that they could be applied to."""


def spellings() -> dict[str, str]:
    """Every accepted spelling of an elementary function and the name it stands for."""
    return {spelling: name for name in BY_NAME for spelling in (name, *ALIASES.get(name, ()))}


class Names:
    """Every known function: those of the table, and the given rows of a catalogue.

    Attributes:
        functions: spelling → name.
        words: words that are one symbol although they are short (``eps``).
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {entry.name: entry for entry in entries}
        functions = spellings()
        functions |= {name: name for name in OPERATIONS if name not in functions}
        words: set[str] = set()
        for entry in self._entries.values():
            for spelling in entry.spellings:
                functions.setdefault(spelling, entry.name)
            words |= {name for name in entry.symbols if len(name) > 1}
        self.functions: Mapping[str, str] = functions
        self.words = frozenset(words - functions.keys())

    @cached_property
    def folded(self) -> Mapping[str, str]:
        """``functions`` in lower case without underscores, where that is unambiguous."""
        folded: dict[str, str] = {}
        for spelling, name in self.functions.items():
            if len(spelling) > 1 and folded.setdefault(fold(spelling), name) != name:
                folded[fold(spelling)] = self.functions.get(fold(spelling), folded[fold(spelling)])
        for spelling in [s for s in GREEK_WORDS if s in folded]:
            del folded[spelling]
        return folded

    def signature(self, name: str) -> Signature | None:
        """How a function is called, ``None`` if it is an operation of several forms."""
        entry = self._entries.get(name)
        if entry is not None:
            parameters = tuple(parameter.name for parameter in entry.parameters)
            defaults = tuple(parameter.value for parameter in entry.parameters)
            return Signature(name, entry.arguments, parameters, defaults)
        row = BY_NAME.get(name)
        if row is None:
            return None
        return Signature(name, _LETTERS.get(name, ("x", "y")[: row.arity]))

    def near(self, word: str) -> str | None:
        """A known spelling that the word may have been meant to be."""
        found = nearest(word, self.functions)
        if found is None:
            folded = nearest(fold(word), self.folded, 0.7)
            found = self.folded[folded] if folded is not None else None
        return found

    def lookup(self, word: str) -> str | None:
        """The function that ``word`` spells, upper and lower case and underscores aside."""
        return self.functions.get(word) or self.folded.get(fold(word))


def fold(word: str) -> str:
    """``LeakyReLU``, ``leaky_relu`` and ``Leaky ReLU`` are one word."""
    return word.replace("_", "").replace(" ", "").replace("-", "").lower()


_LETTERS = {"logb": ("x", "base"), "atan2": ("y", "x"), "polygamma": ("n", "x")}


@cache
def default_names() -> Names:
    """The table of functions and the whole catalogue."""
    from chainrule.expr.catalogue import CATALOGUE

    return Names(CATALOGUE)
