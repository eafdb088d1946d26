"""The errors chainrule raises on purpose; anything else that escapes is a bug."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec


class ChainruleError(Exception):
    """Base class of every error that chainrule raises on purpose."""


class InputError(ChainruleError):
    """A formula, an option or a file that cannot be read or makes no sense.

    Attributes:
        message: what is wrong, one sentence without a full stop.
        text: the text that was being read, or ``None``.
        position: 0-based offset into ``text`` where the trouble starts, or ``None``.
        hint: what would help ("did you mean `tanh`?"), or ``None``.
    """

    def __init__(
        self,
        message: str,
        *,
        text: str | None = None,
        position: int | None = None,
        hint: str | None = None,
    ) -> None:
        self.message = message
        self.text = text
        self.position = position
        self.hint = hint
        super().__init__(self.describe())

    @property
    def line(self) -> int | None:
        """1-based line of the trouble, where the position is known."""
        if self.text is None or self.position is None:
            return None
        return self.text.count("\n", 0, self.position) + 1

    @property
    def column(self) -> int | None:
        """1-based column of the trouble within its line, where the position is known."""
        if self.text is None or self.position is None:
            return None
        return self.position - (self.text.rfind("\n", 0, self.position) + 1) + 1

    def describe(self, width: int = 76) -> str:
        """The message, the line with a caret under the column, and the hint."""
        parts = [self.message]
        if self.text is not None and self.column is not None and self.position is not None:
            start = self.text.rfind("\n", 0, self.position) + 1
            end = self.text.find("\n", start)
            line = self.text[start : end if end >= 0 else len(self.text)]
            column = self.column - 1
            left = max(0, min(column - width // 2, len(line) - width))
            shown = line[left : left + width].replace("\t", " ")
            caret = column - left
            if left > 0:
                shown, caret = "…" + shown, caret + 1
            if left + width < len(line):
                shown += "…"
            where = f" (line {self.line}, column {self.column})"
            parts[0] += where
            parts += ["  " + shown, "  " + " " * caret + "^"]
        if self.hint:
            parts.append(self.hint)
        return "\n".join(parts)


class FaultError(ChainruleError):
    """A derivative of chainrule's was verified to be wrong, and nothing can be given for it.

    Args:
        function: what was differentiated.
        derivative: what came out.
        evidence: where that is wrong.
    """

    def __init__(self, function: object, derivative: object, evidence: object) -> None:
        super().__init__(
            f"{_REPORT}: the derivative of {_short(function)} came out as "
            f"{_short(derivative)}, which is wrong {evidence}"
        )


class FaultWarning(UserWarning):
    """What a derivative was simplified to was verified to be wrong, and is left out.

    Args:
        before: the derivative that is given.
        after: what it was simplified to.
        evidence: where that is wrong.
    """

    def __init__(self, before: object, after: object, evidence: object) -> None:
        super().__init__(
            f"{_REPORT}: {_short(before)} was simplified to {_short(after)}, which is wrong "
            f"{evidence}; it is left as it was"
        )


_REPORT = "a fault of chainrule, please report"


def _short(formula: object, longest: int = 200) -> str:
    text = str(formula)
    return text if len(text) <= longest else f"{text[:longest]}…"


class InaccurateError(ChainruleError):
    """Code whose results are known to be wrong somewhere (see ``chainrule.forms.choice.promises``).

    Attributes:
        faults: what is wrong, where, and by how much, a sentence without a full stop each.
    """

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(
            f"{'; '.join(self.faults)}\n--allow-bad, or allow_bad=True, has it all the same"
        )


class MissingExtraError(ChainruleError):
    """An optional library is not installed; the message names the extra that brings it."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(f"this needs {library}: pip install 'chainrule[{extra}]'")


def nearest(word: str, choices: Iterable[str], cutoff: float = 0.6) -> str | None:
    """What a misspelt word may have been meant to be.

    One that differs in upper and lower case only goes first, then one with the same letters.

    Args:
        cutoff: how alike they are at least, from 0 to 1 (``difflib.SequenceMatcher.ratio``).

    >>> nearest("tahn", ["tan", "tanh"])
    'tanh'
    """
    from difflib import get_close_matches

    known = list(choices)
    cased = [choice for choice in known if choice.lower() == word.lower()]
    found = get_close_matches(word, known, 5, cutoff)
    swapped = [choice for choice in found if sorted(choice) == sorted(word)]
    return next(iter([*cased, *swapped, *found]), None)


def require(extra: str, **libraries: str) -> None:
    """Whether what an extra brings is there; a module and the name of its library each.

    Raises:
        MissingExtraError: one is not.
    """
    for module, library in libraries.items():
        if find_spec(module) is None:
            raise MissingExtraError(library, extra)
