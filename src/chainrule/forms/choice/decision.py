"""Which forms a file computes, and in which precision: what ``code`` writes and ``forms`` names.

What is asked for is tried in its own arithmetic first. "fast" takes a wider one, double or twice
the precision of double, where nothing is accurate enough without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from chainrule.floats.letters import FITTED, value_rows
from chainrule.forms.choice.assemble import Effort
from chainrule.forms.choice.correct_rounding import Settled, rounded_correctly
from chainrule.forms.choice.everywhere import (
    Everywhere,
    free_letters,
    good_over,
    measured_over,
    over_all_letters,
    rank_over,
)
from chainrule.forms.choice.laboratory import SAMPLE, Laboratory, laboratory
from chainrule.forms.choice.promises import promised
from chainrule.forms.choice.selection import Asked, Chosen, chosen_forms
from chainrule.forms.choice.space import Space
from chainrule.forms.choice.vectors import with_vectors


class Decision(NamedTuple):
    """The forms that a file computes, with what was measured of them.

    Attributes:
        chosen: the forms, with the functions that the target calls.
        plain: the same with the functions of a library.
        promoted: whether "fast" computes in double, for want of a form in the dtype itself.
        rounding: what was found at all inputs of a format of 16 bits; ``None`` if not looked for.
        everywhere: what was found over all letters; ``None`` if the variable is the only free one.
    """

    chosen: Chosen
    plain: Chosen
    promoted: bool
    rounding: Settled | None
    everywhere: Everywhere | None


def decide(asked: Asked) -> Decision:
    """The best forms that are known for what is asked."""
    spec, promoted = asked.spec, False
    # What saturation finds was good in float32 for one formula of 64: double is tried instead.
    wider = spec.accuracy == "fast" and spec.dtype != "float64"
    found = _tried(asked, most=Effort.PRECISE if wider else Effort.SATURATION)
    if spec.accuracy == "fast":
        if wider:
            calls = asked.target.loops and found.calls
            # Only what takes a library's functions is accurate enough: then a loop is faster in
            # double, if it can do without.
            if calls or not (found.sound and found.chosen.good):
                wide = _tried(asked, "float64")
                alone = calls and wide.chosen.good and not wide.calls
                promoted = alone or wide.surpasses(found)
                found = wide if promoted else found
        elif not (found.sound and found.as_promised):
            # There is no wider format, but twice the precision.
            wide = _tried(asked._replace(spec=replace(spec, accuracy="best")))
            found = wide if wide.surpasses(found) else found
    chosen, rounding = found.chosen, None
    if spec.short and spec.accuracy == "best" and asked.save != "output":
        rounding = rounded_correctly(asked, chosen)
        chosen = rounding.chosen
    everywhere = None if found.space is None else measured_over(found.space, asked, chosen)
    return Decision(chosen, found.plain, promoted, rounding, everywhere)


class _Tried(NamedTuple):
    """The best forms in one arithmetic.

    Attributes:
        asked: for what.
        plain: with the functions of a library.
        chosen: with those that the target calls.
        space: the points of all letters they were measured at.
        sound: whether nothing of what was chosen is to be refused there.
    """

    asked: Asked
    plain: Chosen
    chosen: Chosen
    space: Space | None
    sound: bool

    @property
    def calls(self) -> bool:
        """Whether the gradient takes functions of a library."""
        lab = self.chosen.lab
        return lab.working == "library" and lab.calls(self.chosen.gradient)

    @property
    def as_promised(self) -> bool:
        """Whether the gradient is as accurate as is promised, and the function has no faults."""
        spec = self.asked.spec
        gradient = self.chosen.gradient
        return gradient.good(promised(spec.dtype, spec.accuracy)) and not self.chosen.faults

    def surpasses(self, other: _Tried) -> bool:
        """Whether it is to be preferred to what was found in the arithmetic that was asked for."""
        mine = not good_over(self.space, other.asked, self.plain), self.plain.rank
        return mine < (not other.sound, other.chosen.rank)


def _tried(asked: Asked, arithmetic: str | None = None, most: Effort = Effort.SATURATION) -> _Tried:
    plain, space = _best_forms(asked, laboratories(asked, arithmetic), most)
    chosen = _with_vectors(asked, plain, space)
    return _Tried(asked, plain, chosen, space, good_over(space, asked, chosen))


def laboratories(asked: Asked, arithmetic: str | None = None) -> list[Laboratory]:
    """One for each row of values of the other letters, with an arithmetic as in ``laboratory``."""
    spec, rows = asked.spec, value_rows(asked.derivation)
    return [
        laboratory(
            spec.variable,
            spec.dtype,
            spec.accuracy,
            row,
            arguments=spec.others,
            arithmetic=arithmetic,
            sample=SAMPLE // min(len(rows), FITTED),
        )
        for row in rows
    ]


def _best_forms(
    asked: Asked, labs: Sequence[Laboratory], most: Effort
) -> tuple[Chosen, Space | None]:
    """The best forms; if there are several free letters, for all of them, and their points."""
    if not free_letters(asked):
        return chosen_forms(asked, labs, most), None
    # What is put together switches at numbers that suit the values of the letters.
    found, space = over_all_letters(asked, chosen_forms(asked, labs, Effort.SINGLE))
    if found.good and good_over(space, asked, found):
        return found, space
    more = over_all_letters(asked, chosen_forms(asked, labs, most))
    return min((more, (found, space)), key=lambda one: rank_over(one[1], asked, one[0]))


def _with_vectors(asked: Asked, plain: Chosen, space: Space | None) -> Chosen:
    """With approximated functions, unless these are good at some values of letters only."""
    found = with_vectors(asked, plain)
    spoilt = good_over(space, asked, plain) and not good_over(space, asked, found)
    return plain if spoilt else found
