"""What `chainrule audit` is pointed at: "torch:nn.functional.gelu(approximate='tanh')", read.

A target is the name of a framework, a colon, and what the framework makes of the rest; where
that is a call, its arguments are literals, and never evaluated as code.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from inspect import getattr_static
from pkgutil import iter_modules
from typing import Any, Literal

from chainrule.errors import ChainruleError, InputError, nearest

LONGEST_QUOTE = 300
"""Letters of an error of somebody else: four lines of a terminal."""
# How alike a name is that was meant (``difflib``, whose usual 0.6 finds short names alike).
_ALIKE = 0.8
_LAMBDA, _INSTEAD = re.compile(r"\blambda(?=\s*=)"), "lambd_"
_AS_IN = "as in torch:nn.functional.silu"
_NICKNAMES = {"pytorch": "torch", "onnx": "onnxruntime", "ort": "onnxruntime"}


@dataclass(frozen=True, slots=True)
class Word:
    """A bare name among the arguments: ``x`` is the place of the variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A number with a type, as C needs it: ``float(0.5)``."""

    type: str
    value: object


VARIABLE = Word("x")


@dataclass(frozen=True, slots=True)
class TargetCall:
    """A name, and what is handed over beside the variable.

    Attributes:
        name: as typed, dots included.
        positional: literals, and ``VARIABLE`` where the variable goes.
        keywords: the same by keyword.
    """

    name: str
    positional: tuple[object, ...] = ()
    keywords: Mapping[str, object] = field(default_factory=dict)

    @property
    def has_variable(self) -> bool:
        return VARIABLE in self.positional or VARIABLE in self.keywords.values()


def split(target: str, frameworks: Iterable[str]) -> tuple[str, str]:
    """The framework and the rest.

    Raises:
        InputError: there is no such framework, or nothing after it.
    """
    framework, colon, rest = target.partition(":")
    known = list(frameworks)
    if not colon or framework not in known:
        if not colon:
            raise InputError(f"{target!r} names no framework", hint=_AS_IN)
        near = nearest(framework, [*known, *_NICKNAMES])
        hint = f"choose from {', '.join(known)}"
        if near is not None:
            hint = f"did you mean {_NICKNAMES.get(near, near)}:{rest}?"
        raise InputError(f"unknown framework {framework!r}", hint=hint)
    if not rest.strip():
        raise InputError(f"{target!r} names no function", hint=_AS_IN)
    return framework, rest.strip()


def read_call(text: str, words: Iterable[str] = ("x",), types: Iterable[str] = ()) -> TargetCall:
    """ "nn.functional.elu(alpha=2)" as a name and its arguments.

    Args:
        text: a dotted name, perhaps with arguments in brackets.
        words: bare names that arguments may be.
        types: names that a number may be wrapped in.

    Raises:
        InputError: it is something else, or an argument is no literal.

    >>> read_call("nn.functional.elu(alpha=2)").keywords
    {'alpha': 2}
    """
    hint = "as in nn.functional.gelu(approximate='tanh')"
    try:
        # The parameter of a shrinkage is called lambda, which is a word of Python's.
        tree = ast.parse(_LAMBDA.sub(_INSTEAD, text), mode="eval").body
    except SyntaxError as error:
        position = (error.offset or 1) - 1
        raise InputError("this is no call", text=text, position=position, hint=hint) from None
    function, positional, keywords = tree, [], {}
    if isinstance(tree, ast.Call):
        function = tree.func
        positional = [_argument(node, text, words, types) for node in tree.args]
        for keyword in tree.keywords:
            if keyword.arg is None:
                raise InputError("** cannot be used here", text=text, hint=hint)
            key = "lambda" if keyword.arg == _INSTEAD else keyword.arg
            keywords[key] = _argument(keyword.value, text, words, types)
    name = _dotted(function)
    if name is None:
        raise InputError("this is no name of a function", text=text, hint=hint)
    return TargetCall(name, tuple(positional), keywords)


def _dotted(node: ast.expr) -> str | None:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def _argument(node: ast.expr, text: str, words: Iterable[str], types: Iterable[str]) -> object:
    match node:
        case ast.Name(id=name) if name in words:
            return Word(name)
        case ast.Call(func=ast.Name(id=name), args=[value], keywords=[]) if name in types:
            return Typed(name, _argument(value, text, (), ()))
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        raise InputError(
            "an argument is neither a number, a text, nor True, False or None",
            text=text,
            position=node.col_offset,
            hint="x alone stands for the variable",
        ) from None


def written(
    call: TargetCall, name: str, spelled: Mapping[str, str] | None = None, variable: str = "x"
) -> str:
    """The call as source text, the variable first where it has no place of its own.

    Args:
        call: what is called.
        name: what to call it by.
        spelled: texts for keywords whose values are not written as literals.
        variable: the variable; "" for a call that does not take it.
    """
    first = [variable] if variable and not call.has_variable else []
    positional = [_spelled(value) for value in call.positional]
    keywords = [
        f"{key}={(spelled or {}).get(key) or _spelled(value)}"
        for key, value in call.keywords.items()
    ]
    return f"{name}({', '.join([*first, *positional, *keywords])})"


def _spelled(value: object) -> str:
    return value.name if isinstance(value, Word) else repr(value)


def arguments(call: TargetCall, x: object, keywords: Mapping[str, object]) -> tuple[list[Any], Any]:
    """What to call the function with: positional arguments and keywords, ``x`` in its place."""
    positional = [x if value == VARIABLE else value for value in call.positional]
    by_name = {key: x if value == VARIABLE else value for key, value in keywords.items()}
    return (positional if call.has_variable else [x, *positional]), by_name


# --- code that is not ours ----------------------------------------------------------------------
@contextmanager
def foreign(doing: str) -> Iterator[None]:
    """Code that is not ours runs in here; what it raises is quoted in an ``InputError``."""
    try:
        yield
    except ChainruleError:
        raise
    # Anybody's code may raise anything, and a module may call sys.exit when it is imported:
    # this is the one place where that is not a defect of ours.
    except (Exception, SystemExit) as error:
        first = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        quoted = f"{type(error).__name__}: {first}" if first else type(error).__name__
        if len(quoted) > LONGEST_QUOTE:
            quoted = quoted[:LONGEST_QUOTE] + "…"
        raise InputError(f"{doing}: {quoted}") from error


@dataclass(frozen=True, slots=True)
class Namespace:
    """Where dotted paths are looked for, and how they are written as targets.

    Attributes:
        root: a package that paths may start below; ``None`` if they start with a module.
        known: paths below it that the catalogue knows of.
        target: from a whole path, without ``root``, to the target.
    """

    root: str | None = None
    known: Iterable[str] = ()
    target: Callable[[str], str] = str


def find(path: str, space: Namespace) -> tuple[Any, str, str]:
    """The object at a dotted path below the root of a namespace, or below a module of the user's.

    Modules are looked for in the current directory too.

    Returns:
        The object, the module that it is in, and its name there.

    Raises:
        InputError: there is none, or importing its module fails.
    """
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.insert(0, os.getcwd())
    first, dot, rest = path.partition(".")
    root = space.root
    if root is not None:
        with foreign(f"{root} cannot be imported"):
            package = import_module(root)
        if hasattr(package, first) or _is_module(f"{root}.{first}"):
            return _below(package, root, path, space)
    if not dot or not _is_module(first):
        if root is not None:
            meant = _meant(package, path.split("."), 0, space)
            raise _nothing(f"{root}.{path}", meant, space, f"nor a module {first} to import")
        near = nearest(first, (module.name for module in iter_modules()))
        meant = f"{near}.{rest}" if near is not None else None
        raise _nothing(path, meant, space, "a module that can be imported from here, and a name")
    with foreign(f"{first} cannot be imported"):
        package = import_module(first)
    own = Namespace(first, (), lambda below: space.target(f"{first}.{below}"))
    return _below(package, first, rest, own)


def _below(package: Any, root: str, path: str, space: Namespace) -> tuple[Any, str, str]:
    found, module, rest = package, root, path.split(".")
    for depth, name in enumerate(rest):
        inside = f"{module}.{name}"
        if not hasattr(found, name) and module == _path(root, rest[:depth]) and _is_module(inside):
            with foreign(f"{inside} cannot be imported"):
                import_module(inside)
        if not hasattr(found, name):
            meant = _meant(found, rest, depth, space)
            raise _nothing(_path(root, rest[: depth + 1]), meant, space)
        found = getattr(found, name)
        if type(found) is type(sys):
            module = _path(root, rest[: depth + 1])
    return found, module, _path(root, rest).removeprefix(f"{module}.")


def _nothing(
    path: str, meant: str | None, space: Namespace, otherwise: str | None = None
) -> InputError:
    hint = f"did you mean {space.target(meant)}?" if meant is not None else otherwise
    return InputError(f"there is no {path}", hint=hint)


def _meant(found: Any, parts: Sequence[str], depth: int, space: Namespace) -> str | None:
    """The path below the root that was meant by one that ``found`` has no part ``depth`` of."""
    before, name, after = parts[:depth], parts[depth], parts[depth + 1 :]
    here = {
        attribute: ".".join([*before, attribute, *after])
        for attribute in dir(found)
        if not attribute.startswith("_")
    }
    if after:
        whole = nearest(".".join(parts), space.known, _ALIKE)
        if whole is not None:
            return whole
    else:
        # Static: the attributes of some modules import others when they are read.
        here = {a: path for a, path in here.items() if callable(getattr_static(found, a, None))}
        here = {path.rpartition(".")[2]: path for path in space.known} | here
    near = nearest(name, here)
    return here[near] if near is not None else None


def _path(root: str, parts: Iterable[str]) -> str:
    return ".".join([root, *parts])


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def callable_at(path: str, space: Namespace) -> tuple[Any, str, str]:
    """What ``find`` finds, if it can be called.

    Raises:
        InputError: there is none, or it is something else.
    """
    found, module, name = find(path, space)
    if not callable(found):
        raise InputError(f"{module}.{name} is no function but of type {type(found).__name__}")
    return found, module, name


def split_pair(names: str) -> dict[Literal["gradient", "forward"], str]:
    """ "my_grad" or "my_function,my_grad" as texts by what they are.

    A comma inside brackets separates arguments.
    """
    depth = 0
    for position, letter in enumerate(names):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            return {"forward": names[:position].strip(), "gradient": names[position + 1 :].strip()}
    return {"gradient": names.strip()}
