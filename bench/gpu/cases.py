"""What is prepared for a GPU: cases, and arrays that take little room.

A folder holds ``cases.json``, the files of every target, shared libraries of the CUDA files, and
for every function and dtype the inputs with what is true there. Nothing but NumPy is needed to
read it.
"""

from __future__ import annotations

import io
import json
import lzma
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.floats.formats import Format, format_named
from chainrule.floats.ulp import Truth, spacing

Array = npt.NDArray[Any]

LIST = "cases.json"


@dataclass(frozen=True)
class Case:
    """A file of a target, how its functions are called, and where the data are.

    Attributes:
        row: the function as it was asked for, a row of the catalogue or a formula.
        target: a name of ``chainrule.codegen.targets``.
        dtype: of the arrays.
        accuracy: "best" or "fast".
        function: what it is called in the file.
        file: where that is in the folder; for CUDA the library.
        saved: what the gradient takes, "input" or "output", in order.
        others: the values of the other arguments.
        numbers: the values of the parameters, for CUDA.
        double: whether the arithmetic is that of float64.
        data: the name of the data.
    """

    row: str
    target: str
    dtype: str
    accuracy: str
    function: str
    file: str
    saved: tuple[str, ...]
    others: tuple[float, ...]
    numbers: tuple[float, ...]
    double: bool
    data: str

    @property
    def fmt(self) -> Format:
        return format_named(self.dtype)


@dataclass(frozen=True)
class Data:
    """Inputs, and what is true there.

    Attributes:
        x: inputs; of a format of 16 bits all patterns in order.
        truths: of a longer format the function and the gradient there; else none.
        special: of a longer format what no truth is told of: NaN, infinities, zeros, kinks.
        expected: what NumPy has, of function and gradient: for ``special``, in 16 bits for ``x``.
        kinks: where there is no derivative: frameworks differ there.
    """

    x: Array
    truths: tuple[Truth, ...]
    special: Array
    expected: tuple[Array, Array]
    kinks: Array


def write_cases(folder: Path, cases: list[Case]) -> None:
    """The list of what is in a folder."""
    text = json.dumps([asdict(case) for case in cases], indent=0)
    (folder / LIST).write_text(text, encoding="utf-8")


def read_cases(folder: Path) -> list[Case]:
    """What is in a folder."""
    found = json.loads((folder / LIST).read_text(encoding="utf-8"))
    return [as_case(fields) for fields in found]


def as_case(fields: dict[str, Any]) -> Case:
    """A case from its JSON."""
    lists = {key: tuple(fields[key]) for key in ("saved", "others", "numbers")}
    return Case(**{**fields, **lists})


def every_pattern(fmt: Format) -> Array:
    """All 65,536 numbers of a format of 16 bits, NaN among them."""
    patterns: Array = np.arange(1 << 16, dtype=np.uint16).view(fmt.dtype)
    return patterns


# --- data ---------------------------------------------------------------------------------------
def pack(data: Data, fmt: Format) -> bytes:
    """The data, compressed."""
    arrays: dict[str, Array] = {"kinks": data.kinks.astype(np.float64)}
    for kind, values in zip("fg", data.expected, strict=True):
        arrays[f"expected_{kind}"] = _planes(values.view(fmt.pattern))
    if fmt.bits > 16:
        arrays |= {"x": data.x, "special": data.special}
        for kind, truth in zip("fg", data.truths, strict=True):
            arrays[f"high_{kind}"] = truth.high
            arrays[f"told_{kind}"] = truth.sign + np.int8(4) * truth.known.astype(np.int8)
            if fmt.bits == 64:
                # In units of the last place: half precision is plenty.
                with np.errstate(invalid="ignore"):
                    low = truth.low / spacing(truth.high, fmt)
                arrays[f"low_{kind}"] = np.nan_to_num(low).astype(np.float16)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return lzma.compress(file.getvalue(), preset=6)


def unpack(packed: bytes, fmt: Format) -> Data:
    """The data from what ``pack`` gave."""
    with np.load(io.BytesIO(lzma.decompress(packed)), allow_pickle=False) as found:
        arrays = {name: found[name] for name in found.files}
    expected = [_whole(arrays[f"expected_{kind}"], fmt).view(fmt.dtype) for kind in "fg"]
    truths = []
    for kind in "fg" if fmt.bits > 16 else "":
        high, told = arrays[f"high_{kind}"], arrays[f"told_{kind}"]
        known = told > 2
        sign = (told - np.int8(4) * known).astype(np.int8)
        low = np.zeros_like(high)
        if fmt.bits == 64:
            low = arrays[f"low_{kind}"].astype(np.float64)
            low *= np.where(low == 0, 1.0, spacing(np.where(low == 0, 1.0, high), fmt))
        truths.append(Truth(high, low, sign, known))
    short = fmt.bits == 16
    return Data(
        every_pattern(fmt) if short else arrays["x"],
        tuple(truths),
        np.empty(0, fmt.dtype) if short else arrays["special"],
        (expected[0], expected[1]),
        arrays["kinks"],
    )


def _planes(patterns: Array) -> Array:
    """Differences of neighbours byte by byte: smooth functions have few different ones."""
    steps = np.diff(patterns, prepend=patterns.dtype.type(0))
    planes: Array = np.ascontiguousarray(steps.view(np.uint8).reshape(len(steps), -1).T)
    return planes


def _whole(planes: Array, fmt: Format) -> Array:
    """The patterns from what ``_planes`` gave."""
    steps = np.ascontiguousarray(planes.T).reshape(-1).view(fmt.pattern)
    whole: Array = np.cumsum(steps, dtype=fmt.pattern)
    return whole
