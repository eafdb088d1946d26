"""Derivations that tell themselves: what the public functions return.

A derivation knows nothing of documents; here it meets the narrative and the formats, which are
imported when they are asked for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chainrule.deriving.choices import FormName
from chainrule.deriving.derivation import Derivation
from chainrule.deriving.implicit import ImplicitDerivation
from chainrule.errors import InputError
from chainrule.expr.nodes import Expr, Symbol

if TYPE_CHECKING:
    from chainrule.document.blocks import Document
    from chainrule.document.style import Style
    from chainrule.verify.verdict import Verdict


class Walkthrough(ABC):
    """What has a derivative and a walk-through, and the formats these come in."""

    @property
    @abstractmethod
    def derivative(self) -> Expr:
        """The simplified derivative."""

    @abstractmethod
    def form(self, form: FormName = "simplified") -> Expr:
        """The derivative in one of its forms."""

    @property
    @abstractmethod
    def label(self) -> str:
        """What is printed before the derivative where there are several."""

    @property
    @abstractmethod
    def verdict(self) -> Verdict:
        """The verdict on the derivative itself, or on the first step that is wrong."""

    @abstractmethod
    def document(self, style: Style | None = None, *, at: str | None = None) -> Document:
        """The walk-through as a document."""

    @abstractmethod
    def to_dict(self, *, at: str | None = None) -> dict[str, Any]:
        """Everything as plain data, the value at a point too if one is given."""

    def to(self, format_: str, style: Style | None = None) -> str:
        """The walk-through in a format by its name: "text", "markdown", "latex", "json".

        Raises:
            InputError: there is no such format.
        """
        from chainrule.render.formats import rendered

        return self.to_json() if format_ == "json" else rendered(self.document(style), format_)

    def to_text(self, style: Style | None = None) -> str:
        """The walk-through as plain Unicode text."""
        return self.to("text", style)

    def to_markdown(self, style: Style | None = None, *, front_matter: bool = True) -> str:
        """The walk-through as Markdown with ``$…$`` mathematics."""
        from chainrule.render.markdown import render

        return render(self.document(style), front_matter=front_matter)

    def to_latex(self, style: Style | None = None) -> str:
        """The walk-through as a LaTeX document."""
        return self.to("latex", style)

    def to_json(self) -> str:
        """``to_dict`` as JSON text."""
        import json

        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    def _repr_markdown_(self) -> str:
        return self.to_markdown(front_matter=False)

    def _repr_latex_(self) -> str:
        from chainrule.render.notation import latex

        return f"${latex(self.derivative)}$"


class ExplicitWalkthrough(Derivation, Walkthrough):
    """The derivative of a formula, with every step, in words."""

    def document(self, style: Style | None = None, *, at: str | None = None) -> Document:
        """The walk-through as a document; ``at`` is a point such as "5" or "x=5, a=2"."""
        from chainrule.document.narrative import narrate

        return narrate(self, style, self._point(at))

    def to_dict(self, *, at: str | None = None) -> dict[str, Any]:
        """Everything as plain data, see ``docs/json.md``; ``at`` as for ``document``."""
        from chainrule.render.data import derivation_data

        return derivation_data(self, self._point(at))

    def _point(self, at: str | None) -> Mapping[Symbol, Expr] | None:
        from chainrule.parsing.reader import point

        return None if at is None else point(at, self.problem.variables[0])


class ImplicitWalkthrough(ImplicitDerivation, Walkthrough):
    """The slope of a curve, with every step, in words."""

    def document(self, style: Style | None = None, *, at: str | None = None) -> Document:
        """The walk-through as a document. A curve has no value to try, so ``at`` is refused."""
        from chainrule.document.implicit import narrate_implicit

        _no_point(at)
        return narrate_implicit(self, style)

    def to_dict(self, *, at: str | None = None) -> dict[str, Any]:
        """Everything as plain data, see ``docs/json.md``; ``at`` is refused."""
        from chainrule.render.data import implicit_data

        _no_point(at)
        return implicit_data(self)


def _no_point(at: str | None) -> None:
    if at is not None:
        raise InputError("an equation has no value at a point", hint="leave --at out")
