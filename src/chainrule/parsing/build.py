"""Compile formula.lark into tables.py: ``python -m chainrule.parsing.build``.

Lark is a fine compiler of grammars, but importing it takes longer than everything else that
``chainrule explain sigmoid`` does before it can differentiate. So Lark computes the LALR(1)
tables when the grammar changes, and ``shift_reduce.py`` runs them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lark import Lark
from lark.parsers.lalr_analysis import Shift

HERE = Path(__file__).parent
TARGET = HERE / "tables.py"

HEADER = '''"""LALR(1) tables of formula.lark, made by ``python -m chainrule.parsing.build``."""

from __future__ import annotations

'''


def tables() -> str:
    """The source of tables.py."""
    lark = Lark((HERE / "formula.lark").read_text(encoding="utf-8"), parser="lalr", lexer="basic")
    table = lark.parser.parser._parse_table
    rules = {rule: number for number, rule in enumerate(lark.rules)}
    terminals = {terminal.name.lstrip("_") for terminal in lark.terminals} | {"$END"}
    terminals |= {
        symbol.name.lstrip("_") for rule in rules for symbol in rule.expansion if symbol.is_term
    }
    number = _numbered(table)
    actions: list[dict[str, int]] = []
    gotos: list[dict[str, int]] = []
    for state in number:
        actions.append({})
        gotos.append({})
        for symbol, (action, argument) in sorted(table.states[state].items()):
            name = symbol.lstrip("_")
            target = number[argument] if action is Shift else ~rules[argument]
            (actions if name in terminals else gotos)[-1][name] = target
    described = []
    for rule in rules:
        kept = tuple(
            place
            for place, symbol in enumerate(rule.expansion)
            if not (symbol.is_term and getattr(symbol, "filter_out", False))
        )
        if rule.alias is None and len(kept) != 1:
            raise ValueError(f"this rule needs an alias: {rule}")
        described.append((str(rule.origin.name), len(rule.expansion), kept, rule.alias or ""))
    return "".join(
        [
            HEADER,
            f"START = {number[table.start_states['start']]}\n",
            f"END = {number[table.end_states['start']]}\n\n",
            "# What it makes, how many parts, which of them are kept, the builder's method.\n",
            _listing("RULES", "tuple[str, int, tuple[int, ...], str]", described),
            "\n# By state and terminal: a state to shift to, or ~rule to reduce.\n",
            _listing("ACTIONS", "dict[str, int]", actions),
            "\n# By state and nonterminal, after a reduction: the next state.\n",
            _listing("GOTOS", "dict[str, int]", gotos),
        ]
    )


def _numbered(table: Any) -> dict[int, int]:
    """The states in the order in which they are met; Lark's own numbers differ from run to run."""
    number = {table.start_states["start"]: 0}
    for state in (queue := list(number)):
        for _, (action, argument) in sorted(table.states[state].items()):
            if action is Shift and argument not in number:
                number[argument] = len(number)
                queue.append(argument)
    return number


def _listing(name: str, kind: str, rows: Sequence[object]) -> str:
    lines = "".join(f"    {row!r},\n".replace("'", '"') for row in rows)
    return f"# fmt: off\n# ruff: noqa: E501\n{name}: list[{kind}] = [\n{lines}]\n# fmt: on\n"


if __name__ == "__main__":
    TARGET.write_text(tables(), encoding="utf-8")
    sys.stdout.write(f"wrote {TARGET.name}\n")
