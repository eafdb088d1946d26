"""Adds rows to the table of functions, and runs commands: a list of them as JSON in, results out.

Run in a process of its own, so that the rows are there before anything reads the table, and
nothing else has to know of them.
"""

from __future__ import annotations

import json
import sys

from click.testing import CliRunner

from chainrule.expr import functions
from chainrule.expr.functions import Function, atan, cos, log, sech, sin, sqrt, tanh
from chainrule.expr.nodes import ONE, ZERO, Comparison, call

ROWS = (
    Function(
        "gudermannian",
        (lambda u: sech(u),),
        title="the Gudermannian",
        definition=lambda u: 2 * atan(tanh(u / 2)),
        parity="odd",
        monotone="increasing",
        like_argument=True,
        values=((ZERO, ZERO),),
    ),
    Function(
        "versine",
        (lambda u: sin(u),),
        title="the versed sine",
        definition=lambda u: 1 - cos(u),
        parity="even",
        never_negative=True,
    ),
    Function(
        "hypotenuse",
        (
            lambda u, v: u / call("hypotenuse", u, v),
            lambda u, v: v / call("hypotenuse", u, v),
        ),
        title="the hypotenuse",
        rule="The hypotenuse grows by either leg over the hypotenuse.",
        definition=lambda u, v: sqrt(u**2 + v**2),
    ),
    Function(
        "logarithmic_odds",
        (lambda u: 1 / (u * (1 - u)),),
        title="the log-odds",
        definition=lambda u: log(u / (1 - u)),
        domain=lambda u: Comparison(("<", "<"), (ZERO, u, ONE)),
        monotone="increasing",
    ),
    # A fault, which has to be noticed.
    Function(
        "coversine",
        (lambda u: cos(u),),
        title="the coversed sine",
        definition=lambda u: 1 - sin(u),
    ),
)

if __name__ == "__main__":
    functions.FUNCTIONS += ROWS
    functions.BY_NAME.update((row.name, row) for row in ROWS)

    from chainrule.cli.main import main

    runs = [CliRunner().invoke(main, command) for command in json.load(sys.stdin)]
    json.dump([(run.exit_code, run.output) for run in runs], sys.stdout)
