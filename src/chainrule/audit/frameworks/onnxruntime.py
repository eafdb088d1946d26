"""ONNX Runtime: `onnxruntime:Gelu`, `onnxruntime:LeakyRelu(alpha=0.2)`.

The operator is put into a model of one node, made in memory, that runs on the processor.
Attributes and further inputs are given by their names in the operator's schema.

Only the function itself is audited: the package onnxruntime infers, and has no gradients. The one
that trains, onnxruntime-training, ended with 1.19.2; it brings an `onnxruntime` of its own that
takes the other's place, and has gradients of Gelu, Tanh, Sigmoid and Erf, say, but none of Elu,
Softplus, HardSwish or Mish.
"""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np

from chainrule.audit.frameworks.implementation import LANES, Array, Implementation, versions
from chainrule.audit.frameworks.matching import (
    ALWAYS_GIVEN,
    AuditedFormula,
    by_api,
    elementary,
    targets_of,
    to_dtype,
)
from chainrule.audit.frameworks.target import TargetCall, foreign, read_call, split
from chainrule.errors import InputError, nearest, require

OPSET, IR = 20, 10
"""The operator set that has Gelu, and the version of the file format that belongs to it."""
KINDS = {"float16": "float16", "float32": "float", "float64": "double"}
"""Dtypes in ONNX's own words. What NumPy knows as bfloat16 it takes and gives in no way."""


def load(target: str, rest: str, dtype: str) -> Implementation:
    """The target for blocks of ``dtype``. Errors as in ``implementation.load``."""
    require("frameworks", onnx="ONNX", onnxruntime="ONNX Runtime")
    import onnxruntime
    from onnx.parser import parse_model

    call = read_call(rest)
    attributes, inputs = _sorted(call, _schema(call.name))
    if dtype not in KINDS:
        raise InputError(
            f"ONNX Runtime takes no {dtype} from NumPy", hint=f"choose from {', '.join(KINDS)}"
        )
    opset = max(OPSET, _schema(call.name).since_version)
    model = _model(call.name, attributes, inputs, KINDS[dtype], opset)
    with foreign(f"a model of {call.name} in {dtype} cannot be made"):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(
            parse_model(model).SerializeToString(), options, ["CPUExecutionProvider"]
        )

    def forward(values: Array) -> Array:
        [result] = session.run(None, {"x": values})
        return np.asarray(result)

    return Implementation(
        label=target,
        dtype=dtype,
        gradient=None,
        forward=forward,
        versions=versions("onnxruntime", "onnx") | {"opset": str(opset)},
        calls={"forward": _reproduction(model, dtype)},
    )


def reference(rest: str, dtype: str) -> AuditedFormula | None:
    """What it computes. Attributes are float32 in a model, and inputs are of the dtype."""
    call = read_call(rest)

    def rounding(keyword: str, value: Fraction) -> Fraction:
        return to_dtype(value, dtype if keyword in ALWAYS_GIVEN else "float32")

    return by_api("ONNX", call, rounding) or elementary(call, call.name.lower())


def targets() -> list[str]:
    """Everything of the catalogue that is an operator of ONNX in use."""
    require("frameworks", onnx="ONNX", onnxruntime="ONNX Runtime")
    from onnx.defs import has

    found = targets_of("ONNX", "onnxruntime")
    return [t for t in found if has(read_call(split(t, ("onnxruntime",))[1]).name)]


def _schema(operator: str) -> Any:
    from onnx.defs import get_all_schemas, get_schema, has

    if not has(operator):
        names = sorted({schema.name for schema in get_all_schemas()})
        near = nearest(operator, names)
        hint = f"did you mean onnxruntime:{near}?" if near else None
        raise InputError(f"ONNX has no operator {operator}", hint=hint)
    return get_schema(operator)


def _sorted(call: TargetCall, schema: Any) -> tuple[dict[str, object], dict[str, float]]:
    """Attributes, and numbers for the inputs after the first.

    Raises:
        InputError: the operator has no such argument, or an input is missing.
    """
    others = [parameter.name for parameter in schema.inputs][1:]
    known = [*schema.attributes, *others]
    if call.positional:
        raise InputError(f"arguments of {call.name} are given by name: {', '.join(known)}")
    for name in call.keywords:
        if name not in known:
            hint = f"it has {', '.join(known)}" if known else "it has none"
            raise InputError(f"{call.name} has no argument {name}", hint=hint)
    missing = [name for name in others if name not in call.keywords]
    if missing:
        raise InputError(
            f"{call.name} has more inputs: {', '.join(missing)}",
            hint=f"{call.name}({', '.join(f'{name}=1' for name in missing)}) gives them values",
        )
    attributes = {k: v for k, v in call.keywords.items() if k in schema.attributes}
    numbers: dict[str, float] = {}
    for name in others:
        value = call.keywords[name]
        if not isinstance(value, int | float):
            raise InputError(f"the input {name} of {call.name} is a number, not {value!r}")
        numbers[name] = float(value)
    # An attribute of the kind float takes no integer.
    floats = {
        name: float(value)
        for name, value in attributes.items()
        if isinstance(value, int) and schema.attributes[name].type.name == "FLOAT"
    }
    return {**attributes, **floats}, numbers


def _model(
    operator: str,
    attributes: dict[str, object],
    inputs: dict[str, float],
    kind: str,
    opset: int,
) -> str:
    """The model in ONNX's text format."""
    given = ", ".join(f"{name} = {json.dumps(value)}" for name, value in attributes.items())
    numbers = ", ".join(f"double{_shape(operator)} {n}_ = {{{v!r}}}" for n, v in inputs.items())
    # Numbers of 16 bits cannot be written down.
    casts = "".join(f"{name} = CastLike ({name}_, x) " for name in inputs)
    return (
        f'<ir_version: {IR}, opset_import: ["": {opset}]> '
        f"audit ({kind}[n] x) => ({kind}[n] y){f' <{numbers}>' if numbers else ''} "
        f"{{ {casts}y = {operator}{f' <{given}>' if given else ''} ({', '.join(['x', *inputs])}) }}"
    )


def _shape(operator: str) -> str:
    """Clip wants its limits without dimensions; a slope is repeated along the last one."""
    return "" if operator == "Clip" else "[1]"


def _reproduction(model: str, dtype: str) -> str:
    return (
        f"import numpy, onnx, onnxruntime; model = onnx.parser.parse_model({model!r}); {_SESSION}; "
        f"x = numpy.full({LANES}, {{x}}, numpy.{dtype}); "
        "print(float(session.run(None, {'x': x})[0][0]))"
    )


_SESSION = (
    "session = onnxruntime.InferenceSession(model.SerializeToString(), "
    "providers=['CPUExecutionProvider'])"
)
