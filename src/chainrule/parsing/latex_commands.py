"""Commands of LaTeX, and the tokens they stand for."""

from __future__ import annotations

from chainrule.expr.nodes import Symbol

SIGNS: dict[str, tuple[str, object]] = {
    "+": ("PLUS", None),
    **dict.fromkeys("-−–", ("MINUS", None)),
    **dict.fromkeys(("*", "·", "×", r"\cdot", r"\times", r"\ast", r"\bullet"), ("TIMES", None)),
    **dict.fromkeys(("/", "÷", r"\div"), ("OVER", None)),
    "^": ("CARET", None),
    "!": ("BANG", None),
    **dict.fromkeys(("∂", r"\partial"), ("NAME", Symbol("d"))),
    **dict.fromkeys((",", ";"), ("COMMA", None)),
    **dict.fromkeys((":", r"\colon"), ("COLON", None)),
    **dict.fromkeys((":=", r"\coloneqq"), ("EQUALS", None)),
    "&": ("NEW_CELL", None),
    **dict.fromkeys((r"\cr", r"\newline"), ("NEW_ROW", None)),
    **dict.fromkeys(("(", r"\lparen"), ("OPEN", "(")),
    **dict.fromkeys(("[", r"\lbrack"), ("OPEN", "[")),
    **dict.fromkeys(("{", r"\{", r"\lbrace"), ("OPEN", "{")),
    **dict.fromkeys((")", r"\rparen"), ("CLOSE", ")")),
    **dict.fromkeys(("]", r"\rbrack"), ("CLOSE", "]")),
    **dict.fromkeys(("}", r"\}", r"\rbrace"), ("CLOSE", "}")),
    **dict.fromkeys(("|", r"\vert", r"\mid"), ("BAR", None)),
    r"\lvert": ("BAR_OPEN", None),
    r"\rvert": ("BAR_CLOSE", None),
    **dict.fromkeys(("⌊", r"\lfloor"), ("FLOOR_OPEN", None)),
    **dict.fromkeys(("⌋", r"\rfloor"), ("FLOOR_CLOSE", None)),
    **dict.fromkeys(("⌈", r"\lceil"), ("CEIL_OPEN", None)),
    **dict.fromkeys(("⌉", r"\rceil"), ("CEIL_CLOSE", None)),
    **dict.fromkeys(("<", r"\lt"), ("COMPARE", "<")),
    **dict.fromkeys((">", r"\gt"), ("COMPARE", ">")),
    "==": ("COMPARE", "=="),
    **dict.fromkeys(("!=", "≠", r"\ne", r"\neq"), ("COMPARE", "!=")),
    **dict.fromkeys(("<=", "≤", r"\le", r"\leq", r"\leqslant", r"\leqq"), ("COMPARE", "<=")),
    **dict.fromkeys((">=", "≥", r"\ge", r"\geq", r"\geqslant", r"\geqq"), ("COMPARE", ">=")),
    **dict.fromkeys((r"\frac", r"\dfrac", r"\tfrac", r"\cfrac", r"\sfrac"), ("FRAC", None)),
    **dict.fromkeys(("√", r"\surd"), ("RADICAL", 2)),
    "∛": ("RADICAL", 3),
    r"\over": ("OVER_ALL", None),
}

OPERATORS = {"H": "heaviside"}
r"""Words in ``\operatorname{…}`` that stand for a function there only."""

_SPACES = (
    "displaystyle textstyle scriptstyle scriptscriptstyle limits nolimits quad qquad thinspace "
    "enspace medspace thickspace negthinspace mathstrut nonumber notag mathopen mathclose mathord "
    "mathrel mathbin middle"
)
IGNORED = frozenset("\\" + name for name in _SPACES.split())
"""Commands that say nothing about the formula."""
_BIG = ("big", "Big", "bigg", "Bigg")
SIZES = frozenset(
    [
        r"\left",
        r"\right",
        r"\mleft",
        r"\mright",
        *["\\" + size + side for size in _BIG for side in ("", "l", "r", "m")],
    ]
)
"""Commands before a bracket."""
VARIANTS = {
    "varepsilon": "epsilon", "vartheta": "theta", "varphi": "phi", "varrho": "rho",
    "varsigma": "sigma", "varkappa": "kappa", "varpi": "pi",
    "exponentialE": "e", "differentialD": "d",
}  # fmt: skip
"""Commands for a letter: variants of Greek ones, and MathLive's for two Latin ones."""
CASES = frozenset({"cases", "dcases", "rcases", "array", "cases*"})
IF_WORDS = frozenset({"if", "for", "when", "where", "falls", "provided"})
ELSE_WORDS = frozenset({"otherwise", "else", "elsewhere"})

REFUSED = {
    r"\infty": "infinity is not a number here",
    r"\int": "integrals cannot be read: give the function that is to be differentiated",
    r"\sum": "sums over an index cannot be read",
    r"\prod": "products over an index cannot be read",
    r"\pm": "write two formulas, one with + and one with -",
    r"\imaginaryI": "formulas are about real numbers",
    r"\ldots": "what the dots stand for must be written out",
    r"\cdots": "what the dots stand for must be written out",
    r"\circ": r"angles are in radians, and compositions are written f(g(x))",
}
