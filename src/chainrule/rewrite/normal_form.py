"""The everyday form of whole expressions.

A ``Tidier`` rewrites bottom-up and notes which identities it used. It lives as long as one
derivation: a sum that comes up again with its terms in another order is recognised and keeps
the order in which it was first written.
"""

from __future__ import annotations

from collections.abc import Hashable

from chainrule.expr.nodes import Expr, postorder, unvisited
from chainrule.rewrite.cost import cost
from chainrule.rewrite.everyday import Known, once
from chainrule.rewrite.field_writer import FieldWriter
from chainrule.rewrite.rational import Field, Ratio, TooLargeError

# One rewriting may make room for the next; each makes the expression smaller or more regular, so
# that this ends, and the bound only guards against a mistake.
_MOST_AT_ONCE = 12


class Tidier:
    """Rewrites expressions into the everyday form; see the module's docstring.

    Attributes:
        improvements: what ``simplify`` found to be the next rewritings of an expression, kept so
            that forms which meet in one expression go on together.
        costs: what ``cost`` found of the expressions met so far.
        kept: what later stages of the derivation found and want to find again, by their keys.
    """

    def __init__(self) -> None:
        self.improvements: dict[Expr, list[tuple[str, Expr]] | None] = {}
        self.costs: dict[Expr, float] = {}
        self.kept: dict[Hashable, object] = {}
        self._fractions: dict[Expr, tuple[FieldWriter, Ratio] | None] = {}
        self._known = Known()
        self._done: dict[Expr, tuple[Expr, tuple[str, ...]]] = {}

    def assume_positive(self, expr: Expr) -> None:
        """From now on ``expr`` counts as not negative: |expr| is expr."""
        self._known.positive.add(expr)

    def copy(self) -> Tidier:
        """One that knows as much, and keeps to itself what is assumed from now on."""
        other = Tidier()
        other.costs = self.costs
        other._known.positive |= self._known.positive
        other._known.sums |= self._known.sums
        return other

    def tidy(self, root: Expr) -> Expr:
        """The everyday form of an expression. Applying it twice changes nothing more."""
        done = self._done
        for node in unvisited(root, done):
            self._visit(node)
        return done[root][0]

    def is_positive(self, expr: Expr) -> bool:
        """Whether the expression is not negative, given what is assumed."""
        return self._known.is_positive(expr)

    def cost(self, expr: Expr) -> float:
        """What the expression costs, see ``cost``."""
        return cost(expr, self.costs)

    def fraction(self, expr: Expr) -> tuple[FieldWriter, Ratio]:
        """The expression as a rational function, and what writes it.

        Raises:
            TooLargeError: it would grow too large.
        """
        if expr not in self._fractions:
            # What raises stays marked as too large.
            self._fractions[expr] = None
            field = Field(expr)
            self._fractions[expr] = FieldWriter(field), field.ratio(expr)
        found = self._fractions[expr]
        if found is None:
            raise TooLargeError
        return found

    def explained(self, root: Expr) -> tuple[Expr, tuple[str, ...]]:
        """The everyday form, and the identities that led there."""
        result = self.tidy(root)
        if result is root:
            return root, ()
        # In the order of the formula.
        steps = (self._done.get(node, (node, ()))[1] for node in postorder(root))
        return result, tuple(dict.fromkeys(reason for reasons in steps for reason in reasons))

    def _visit(self, node: Expr) -> None:
        done, known = self._done, self._known
        known.reasons = []
        fresh = tuple([done[arg][0] for arg in node.args])
        current = node if fresh == node.args else node.with_args(fresh)
        for _ in range(_MOST_AT_ONCE):
            after = once(known, current)
            if after is current:
                break
            current = after
        done[node] = (current, tuple(known.reasons))
        done.setdefault(current, (current, ()))
