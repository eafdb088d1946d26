"""What the catalogue says about one named function: pure data, nothing is parsed here."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from chainrule.expr.nodes import Number
from chainrule.expr.relations import HOLDS
from chainrule.record import Record


class Parameter(Record):
    """A parameter of a catalogue function.

    Attributes:
        name: its symbol, as in expressions (``alpha``).
        default: an integer, a decimal or a fraction, as text ("0.01", "1/8").
        domain: the conditions under which formula and derivative make sense, as typed
            ("alpha > 0"), with commas between several ("alpha != 0, alpha != 2"); "" if always.
    """

    name: str
    default: str
    domain: str = ""

    @property
    def value(self) -> Number:
        """The default, exactly as it is written."""
        return Number(Fraction(self.default), decimal="." in self.default)


class Entry(Record):
    """One named activation or loss. All formulas and conditions are text, as one types them.

    Attributes:
        name: its name in formulas and on the command line.
        title: its name in a sentence, without an article ("leaky rectified linear unit").
        formula: what an author would write down, in ``arguments`` and ``parameters``; it may
            call elementary functions and other entries.
        kind: "activation" or "loss" (of one element, before any mean or sum).
        arguments: the main arguments; derivatives are taken by the first unless told otherwise.
        parameters: what follows the arguments in a call, each with its default.
        domain: the conditions on the arguments under which formula and derivative are defined and
            the kinks are where they are said to be ("p > 0, y > 0"); "" if always.
        kinks: the points of the first argument at which the function, its first or its second
            derivative jumps, as formulas in the other arguments and the parameters.
        letter: the symbol mathematics uses for it: a Greek name ("sigma"), one letter, or an
            upright operator name ("SiLU").
        aliases: other spellings that formulas may use.
        apis: the functions or modules of PyTorch, JAX, Keras, SciPy, … that compute it, as dotted
            names; "ONNX Name" for an operator of ONNX. Those of PyTorch, JAX and ONNX are
            written as calls where keywords stand for symbols ("torch.nn.ELU(alpha=alpha)") or
            have to have a value ("jax.nn.gelu(approximate=False)"): see ``apis.read_api``. The
            other libraries may have other defaults.
        source: the paper or book it comes from; "" where the frameworks are the source.
        sample: where to check it: pairs of a symbol and a range ("-6..6") or a list of values
            ("-1, 1"). Arguments not named here range over -6..6, parameters keep their default.
    """

    name: str
    title: str
    formula: str
    kind: Literal["activation", "loss"] = "activation"
    arguments: tuple[str, ...] = ("x",)
    parameters: tuple[Parameter, ...] = ()
    domain: str = ""
    kinks: tuple[str, ...] = ()
    letter: str = "f"
    aliases: tuple[str, ...] = ()
    apis: tuple[str, ...] = ()
    source: str = ""
    sample: tuple[tuple[str, str], ...] = ()

    @property
    def symbols(self) -> tuple[str, ...]:
        """Arguments and parameters in the order in which a call gives them."""
        return (*self.arguments, *(parameter.name for parameter in self.parameters))

    @property
    def conditions(self) -> tuple[str, ...]:
        """Every condition on arguments and parameters, each a comparison or a chain of them."""
        stated = (self.domain, *(parameter.domain for parameter in self.parameters))
        return tuple(part.strip() for text in stated for part in text.split(",") if part)

    @property
    def bounds(self) -> dict[str, tuple[Fraction | None, Fraction | None]]:
        """The numbers between which the conditions keep a symbol, those that have some."""
        found: dict[str, tuple[Fraction | None, Fraction | None]] = {}
        for condition in self.conditions:
            words = condition.split()
            for left, sign, right in zip(words[::2], words[1::2], words[2::2], strict=False):
                if sign != "!=":
                    small, large = (left, right) if "<" in sign else (right, left)
                    if small in self.symbols and large not in self.symbols:
                        found[small] = (found.get(small, (None,))[0], Fraction(large))
                    elif large in self.symbols and small not in self.symbols:
                        found[large] = (Fraction(small), found.get(large, (None, None))[1])
        return found

    def allows(self, symbol: str, value: Fraction | int) -> bool:
        """Whether the conditions on this symbol alone hold for a value."""
        for condition in self.conditions:
            words = [str(value) if word == symbol else word for word in condition.split()]
            if words != condition.split() and not any(word in self.symbols for word in words[::2]):
                rows = zip(words[::2], words[1::2], words[2::2], strict=False)
                if not all(HOLDS[op](Fraction(a), Fraction(b)) for a, op, b in rows):
                    return False
        return True

    @property
    def range_of(self) -> dict[str, str]:
        """For each symbol, the range or the values to check it at."""
        usual = dict.fromkeys(self.arguments, "-6..6")
        fixed = {parameter.name: parameter.default for parameter in self.parameters}
        return usual | fixed | dict(self.sample)

    def typical(self, symbol: str) -> Fraction:
        """A value for a symbol: the middle of its range, but not 0, or the last of its values."""
        low, dots, high = self.range_of[symbol].partition("..")
        if dots:
            return (Fraction(low) + Fraction(high)) / 2 or Fraction(1)
        return Fraction(low.split(",")[-1].strip())

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every spelling that formulas may use, the name first."""
        joined = self.name.replace("_", "")
        upright = (self.letter,) if self.letter.lower() == joined else ()
        return tuple(dict.fromkeys((self.name, *upright, joined, *self.aliases)))
