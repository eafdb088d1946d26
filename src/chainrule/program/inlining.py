"""Approximations in place of the functions that a program calls.

The formulas are in ``approximations.py``; here programs are prepared for them, and they are put in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from chainrule.elementary.approximations import BOUNDED, EXP_BOUND, approximation, functions
from chainrule.elementary.arithmetic import ARGUMENT, Working
from chainrule.expr.nodes import ONE, Call, Expr, Number, Quotient, postorder
from chainrule.program.lower import Emit, Instruction, Lowered, lower, rewritten
from chainrule.program.ranges import Range, ranges


def called(names: Iterable[str], working: Working) -> list[str]:
    """The approximated functions of these names, each after those that it calls itself."""
    known = functions(working)
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        if name not in known or name in found:
            return
        for node in postorder(approximation(name, working)):
            if isinstance(node, Call):
                visit(node.name)
        found[name] = None

    for name in sorted(names):
        visit(name)
    return list(found)


@cache
def _program(name: str, working: Working) -> Lowered:
    return lower([approximation(name, working)], [ARGUMENT], _Everything())


class _Everything(frozenset[str]):
    """The functions of a target that has every one."""

    def __contains__(self, name: object) -> bool:
        return True


def _tidied(
    operation: str, given: tuple[int, ...], made: Mapping[int, Instruction]
) -> tuple[str, tuple[int, ...]]:
    """An operation on values without the signs that it does not need, as compilers do it."""

    def without(signs: tuple[str, ...]) -> tuple[int, ...]:
        steps = [made.get(value) for value in given]
        return tuple(
            [
                step.operands[0] if step is not None and step.operation in signs else value
                for value, step in zip(given, steps, strict=True)
            ]
        )

    if operation == "abs":
        return operation, without(("negative",))
    if operation == "multiply" and given[0] == given[1]:
        return operation, without(("negative", "abs"))
    return operation, given


def with_reciprocals(program: Lowered, working: Working) -> Lowered:
    """Divisions by a constant as multiplications, where float64 has digits to spare.

    They take a tenth of the time. Not where nothing is approximated: there a difference may be
    exactly 0.
    """
    known = functions(working)
    spare = working in ("short", "double")
    if not spare or not any(operation in known for operation, _ in program.code):
        return program
    first = len(program.inputs)
    last = first + len(program.constants)
    constants = list(program.constants)
    shift: dict[int, int] = {}
    for operation, operands in program.code:
        divisor = operands[-1] if operation == "divide" else -1
        if first <= divisor < last and divisor not in shift:
            shift[divisor] = first + len(constants)
            constants.append(Quotient(ONE, program.constants[divisor - first]))
    if not shift:
        return program
    more = len(shift)

    def final(value: int) -> int:
        return value if value < last else value + more

    code = []
    for operation, operands in program.code:
        given = tuple([final(value) for value in operands])
        if operation == "divide" and operands[1] in shift:
            code.append(Instruction("multiply", (given[0], shift[operands[1]])))
        else:
            code.append(Instruction(operation, given))
    outputs = tuple([final(value) for value in program.outputs])
    return Lowered(program.inputs, tuple(constants), tuple(code), outputs)


def with_decays(program: Lowered, working: Working) -> Lowered:
    """Exponentials of what is never positive, −|x| or −x², by the simpler program for these."""
    if "decay" not in functions(working):
        return program
    # Of each value, whether it is known to be never negative, and never positive.
    not_negative = [False for _ in program.inputs]
    not_negative += [isinstance(c, Number) and c.value >= 0 for c in program.constants]
    not_positive = [False for _ in not_negative]
    code = []
    for operation, operands in program.code:
        up = down = False
        match operation, operands:
            case "multiply", (one, other):
                up = one == other or (not_negative[one] and not_negative[other])
                down = (not_negative[one] and not_positive[other]) or (
                    not_positive[one] and not_negative[other]
                )
            case "negative", (value,):
                down = not_negative[value]
            case "abs", _:
                up = True
            case "exp", (value,) if not_positive[value]:
                operation = "decay"
        not_negative.append(up)
        not_positive.append(down)
        code.append(Instruction(operation, operands))
    return Lowered(program.inputs, program.constants, tuple(code), program.outputs)


def with_bounds(program: Lowered, working: Working) -> Lowered:
    """Exponentials of what cannot be large by the program that need not keep it from being so."""
    if not functions(working).issuperset(BOUNDED.values()):
        return program
    code = list(program.code)
    known: list[Range] | None = None
    for number, (operation, operands) in enumerate(program.code):
        if operation not in BOUNDED:
            continue
        known = ranges(program) if known is None else known
        low, high = known[operands[0]]
        if low >= -EXP_BOUND and high <= EXP_BOUND:
            code[number] = Instruction(BOUNDED[operation], operands)
    return Lowered(program.inputs, program.constants, tuple(code), program.outputs)


def prepared(program: Lowered, working: Working) -> Lowered:
    """What is written into a file, before functions are put in."""
    return with_bounds(with_decays(with_reciprocals(program, working), working), working)


def inlined(program: Lowered, working: Working) -> Lowered:
    """The program with approximations in place of functions; what is equal is computed once."""
    known = functions(working)
    program = prepared(program, working)
    if not any(operation in known for operation, _ in program.code):
        return program
    constants: dict[Expr, int] = {}
    numbers: dict[Instruction, int] = {}
    made: dict[int, Instruction] = {}
    inputs = len(program.inputs)

    def run(part: Lowered, arguments: Sequence[int]) -> list[int]:
        """The numbers of the outputs; constants count down from −1."""
        values = [*arguments]
        values += [constants.setdefault(c, -1 - len(constants)) for c in part.constants]
        for operation, operands in part.code:
            given = tuple([values[i] for i in operands])
            operation, given = _tidied(operation, given, made)
            before = made.get(given[0]) if given else None
            if operation in known:
                [value] = run(_program(operation, working), given)
            elif operation == "negative" and before is not None and before.operation == operation:
                [value] = before.operands
            else:
                step = Instruction(operation, given)
                value = numbers.setdefault(step, inputs + len(numbers))
                made[value] = step
            values.append(value)
        return [values[i] for i in part.outputs]

    outputs = run(program, range(inputs))

    def final(value: int) -> int:
        """Constants come after the inputs, and instructions after the constants."""
        if value < 0:
            return inputs - 1 - value
        return value if value < inputs else value + len(constants)

    code = [Instruction(name, tuple([final(v) for v in given])) for name, given in numbers]
    return Lowered(
        program.inputs, tuple(constants), tuple(code), tuple([final(v) for v in outputs])
    )


def uses(program: Lowered) -> Counter[int]:
    """How often each value is needed; of what a sum subtracts, the value with its sign is not."""
    used = Counter(program.outputs)
    for number, (_, operands) in reversed(list(enumerate(program.code, program.first))):
        if used[number]:
            used.update(operands)
    return used


def contracted(program: Lowered) -> Lowered:
    """The program with a product and a sum taken together, rounded once, as compilers may do it.

    They do it where the product is not used for anything else.
    """
    used = uses(program)
    products: dict[int, Sequence[int]] = {}

    def visit(number: int, instruction: Instruction, given: Sequence[int], emit: Emit) -> int:
        operation, operands = instruction
        if operation == "multiply" and used[number] == 1:
            products[number] = given
        chosen = next((i for i, value in enumerate(operands) if value in products), None)
        if operation not in ("add", "subtract") or chosen is None:
            return emit(operation, *given)
        one, other = products[operands[chosen]]
        rest = given[1 - chosen]
        if operation == "subtract" and chosen:
            one = emit("negative", one)
        elif operation == "subtract":
            rest = emit("negative", rest)
        return emit("fma", one, other, rest)

    return rewritten(program, visit)
