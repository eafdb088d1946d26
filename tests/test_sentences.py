"""Every kind of sentence of ``docs/claims.md`` is said somewhere, and false ones are noticed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import chainrule
from chainrule.document import checks, narrative
from chainrule.document.style import Style
from sentences import faults, row_of, rows, said

FULL = Style("full", "lagrange")
DOCUMENTS: list[tuple[str, dict[str, Any], Style | None]] = [
    ("sigmoid", {"order": 2}, None),
    ("elu", {}, None),
    ("tanh", {}, FULL),
    ("mish", {}, FULL),
    ("isru", {}, None),
    ("elish", {}, None),
    ("binary_step", {}, None),
    ("hard_tanh", {}, None),
    ("hard_sigmoid_onnx", {}, None),
    ("phish", {}, FULL),
    ("{x < 0: x, x > 0: x^2}", {}, None),
    ("arcsin(x)", {}, None),
    ("arcsin(x) sinc(x)", {}, None),
    ("x^x + log x", {}, FULL),
    ("(x^2)^sin(x^2)", {}, FULL),
    ("a^2", {"wrt": "x"}, None),
    ("f(x, x^2)", {}, None),
    ("2^(x^2) - sin(x^2)/3", {}, FULL),
    ("sin(x^2) + cos(sin(x^2)) + x^2 cos(x)", {}, FULL),
    ("{x > 0: sin(x^2), else: e^(x^2) sin(x)}", {}, FULL),
    ("{x > 0: e^(x^2), else: {x > -1: e^(x^2), else: 0}}", {}, FULL),
    ("max(sin(x^2), e^(x^2)) max(sin(x^2), x)", {}, FULL),
    ("1/(1+x^2)", {"method": "quotient"}, None),
    ("sin(sin(sin(sin(sin(sin(sin(sin(x^2))))))))", {}, None),
    ("floor(2x)", {}, None),
    ("|cot(a) + x/a|", {"wrt": "x"}, None),
    ("|x - y|", {}, None),
    ("{x < k: x^2, x < 3: k x, else: 5}", {"wrt": "x"}, None),
    ("{x = 0: 1, else: 1/x}", {}, None),
    ("x sin(x) cos(x)", {}, None),
    ("3x", {}, None),
    ("a tanh(b x)", {"wrt": "x"}, None),
]


def test_every_kind_is_said_somewhere() -> None:
    spoken: set[str | None] = set()
    for text, options, style in DOCUMENTS:
        derivation = chainrule.derive(text, **options)
        document = derivation.document(style)
        assert faults(document, derivation) == [], text
        spoken |= {row_of(sentence.text) for sentence in said(document.blocks)}
    spoken |= _rows(chainrule.derive("ln x").document(at="-1"))
    for order in (1, 2):
        spoken |= _rows(chainrule.implicit("x^2 + y^2 = 1", order=order).document())
    unspoken = {row for row in rows() if row not in spoken}
    assert all("bug of chainrule" in row for row in unspoken), unspoken


def _rows(document: Any) -> set[str | None]:
    assert faults(document) == []
    return {row_of(sentence.text) for sentence in said(document.blocks)}


# --- what is not so -------------------------------------------------------------------------------
Plant = Callable[[pytest.MonkeyPatch], None]


def _patched(module: Any, name: str, value: Any) -> Plant:
    return lambda patch: patch.setattr(module, name, value)


def _weaker(patch: pytest.MonkeyPatch) -> None:
    """As if every step had been checked as well as the best one."""
    words = checks._all_words

    def wrong(verdicts: Any) -> Any:
        best = max(verdicts, key=lambda verdict: verdict.points)
        more = best.replaced(points=best.points + 1)
        return words([more, more])

    patch.setattr(checks, "_all_words", wrong)


def _without_others(patch: pytest.MonkeyPatch) -> None:
    joined = narrative.joined
    patch.setattr(narrative, "joined", lambda parts: joined(list(parts)[:1]))


PLANTED: dict[str, tuple[str, Plant]] = {
    "that x does not occur": (
        "{x > 0: 1, else: 2}",
        _patched(narrative, "depends_on", lambda *_: False),
    ),
    "what is needed beside the output": ("e^(a x)", _without_others),
    "how many steps there were": ("sigmoid", _patched(checks, "numeral", lambda n: "seven")),
    "at how many points they were checked": ("gelu", _weaker),
    "a sentence of a new kind": (
        "sigmoid",
        _patched(narrative, "checked_blocks", lambda _: [narrative.Paragraph(("It is even.",))]),
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_not_so_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, plant = PLANTED[name]
    derivation = chainrule.derive(text)
    assert faults(derivation.document(), derivation) == []
    plant(monkeypatch)
    assert faults(derivation.document(), derivation) != []
