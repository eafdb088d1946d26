"""What docs/architecture.md says of one place for one thing: a row is added, and works.

Each is added in a process of its own, to the one table that is named, before the command line is
imported. Nothing else may have to be touched.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

RULE = """
from chainrule.differentiate import rule, rules
from chainrule.expr.nodes import Number, Power, Symbol, multiply
u = Symbol("u")
square = rule.Rule(
    name="square", title="Rule of squares",
    words="Twice the base is the slope of a square.",
    kinds=(Power,), applies=lambda node, context: node.args[1] == Number(2),
    derive=lambda node, context: multiply(
        Number(2), node.args[0], context.derivative(node.args[0])
    ),
    statement=(u**2, 2 * u), chain=True,
)
rules.RULES = (square, *rules.RULES)
rules.BY_NAME_OF_RULE["square"] = square
rules.BY_KIND[Power] = (square, *rules.BY_KIND[Power])
"""
IDENTITY = """
from chainrule.expr.nodes import Symbol, call
from chainrule.rewrite import identities
u = Symbol("u")
rows = identities.identities(
    "cosecant-cotangent", "csc² − cot² = 1", (1 + call("cot", u)**2, call("csc", u)**2)
)
identities.PATTERNS += tuple(rows)
identities.WORDS |= {row.name: row.words for row in identities.PATTERNS}
"""
# The catalogue's tables are joined when they are imported, so that this row goes into the file.
ENTRY = """
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec

class Waves:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name != "chainrule.expr.catalogue.waves":
            return None
        spec = PathFinder.find_spec(name, path, target)
        usual = spec.loader.get_data
        row = b'Entry(name="agnesi", title="witch of Agnesi", formula="8/(x^2+4)", source=""),'
        spec.loader.get_code = lambda name: compile(
            usual(spec.origin).replace(b"= (", b"= (" + row, 1), spec.origin, "exec"
        )
        return spec

sys.meta_path.insert(0, Waves)
"""
FORMAT = """
import sys
from types import SimpleNamespace
from chainrule.render import formats, text
sys.modules["chainrule.render.loud"] = SimpleNamespace(
    render=lambda document: text.render(document).upper()
)
formats.FORMATS["loud"] = formats.DocumentFormat("loud", "loud", (".loud",))
"""
TARGET = """
import sys
from types import SimpleNamespace
from chainrule.program.targets import TARGETS, Target
TARGETS["prose"] = Target("prose", ".prose")
sys.modules["chainrule.codegen.prose"] = SimpleNamespace(
    write=lambda forward, gradient, spec: f"multiply what arrives by {gradient}"
)
"""
SLIP = """
from chainrule.check import slips
from chainrule.expr.nodes import multiply, power
own = slips.RuleSlip(
    name="exponent-doubled", sentence="the exponent of {node} was doubled",
    rules=slips.POWERS, distort=slips.powers(lambda u, n: multiply(n, power(u, 2 * n))),
)
slips.SLIPS += (own,)
"""
SPELLING = """
from chainrule.forms.candidates import respell
respell.TABLE += (("2^u - 1", "expm1(u*ln(2))"),)
"""
RUN = "from chainrule.cli.main import main; main({arguments!r}, prog_name='chainrule')"


@pytest.mark.parametrize(
    ("row", "arguments", "said"),
    [
        (RULE, ["explain", "sin(x)^2"], "Rule of squares"),
        (RULE, ["diff", "sin(x)^2", "--form", "raw"], "2*sin(x)*cos(x)"),
        (RULE, ["check", "sin(x)^2", "--answer", "2 sin(x) cos(x)"], "Right"),
        (RULE, ["check", "sin(x)^2", "--answer", "2 sin(x)"], "inner derivative"),
        (IDENTITY, ["explain", "x y (1 + cot(y)^2)", "--wrt", "x"], "csc² − cot² = 1"),
        (IDENTITY, ["diff", "x y (1 + cot(y)^2)", "--wrt", "x"], "csc(y)^2"),
        (ENTRY, ["explain", "agnesi"], "witch of Agnesi"),
        (ENTRY, ["list", "witch"], "agnesi"),
        (ENTRY, ["check", "agnesi", "--answer", "-16x/(x^2+4)^2"], "Right"),
        (ENTRY, ["code", "agnesi", "--target", "numpy", "--dtype", "bfloat16"], "def agnesi_grad"),
        (FORMAT, ["explain", "x^2", "--format", "loud"], "THE DERIVATIVE OF"),
        (FORMAT, ["explain", "--help"], ".loud"),
        (FORMAT, ["check", "x^2", "--answer", "2x", "--format", "loud"], "RIGHT"),
        (TARGET, ["code", "x^2", "--target", "prose", "--dtype", "bfloat16"], "arrives by 2*x"),
        (TARGET, ["code", "--help"], "prose"),
        (SLIP, ["check", "x^3", "--answer", "3x^6"], "was doubled"),
        (SPELLING, ["code", "2^x - 1", "--target", "numpy", "--dtype", "bfloat16"], "expm1"),
    ],
)
def test_a_row_that_is_added_works(row: str, arguments: list[str], said: str) -> None:
    script = row + RUN.format(arguments=arguments)
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert said in found.stdout, found.stdout + found.stderr
    assert not found.stderr
