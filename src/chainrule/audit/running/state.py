"""What is done of a sweep, in a file: the rows of its table, and what they are rows of."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from chainrule.errors import InputError
from chainrule.sweep.tally import TALLY, Tallies

_MUST_AGREE = ("target", "dtype", "kind", "device", "formula", "values", "step", "versions")


def folder() -> Path:
    """Where it is kept unless the user says where."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "chainrule" / "audit"


def write(path: Path, rows: Tallies, header: Mapping[str, Any]) -> None:
    """Write it, at once or not at all.

    Raises:
        InputError: it cannot be written.
    """
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            np.savez(file, rows=rows, header=np.array(json.dumps(header)))
        os.replace(part, path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error


def read(path: Path, wanted: Mapping[str, Any]) -> tuple[Tallies, dict[str, Any]]:
    """The rows and their header, if they are of the same sweep as ``wanted``.

    Raises:
        InputError: they are of another one, or this is no such file.
    """
    try:
        with np.load(path) as found:
            rows, header = found["rows"], json.loads(str(found["header"]))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (BadZipFile, KeyError, ValueError) as error:
        raise InputError(f"{path} holds no audit to go on with", hint="leave --resume out") from (
            error
        )
    for name in _MUST_AGREE:
        before, now = header.get(name), wanted[name]
        if before != now or rows.dtype != TALLY:
            raise InputError(
                f"{path} is of another audit: its {name} was {_said(name, before, now)}",
                hint="leave --resume out to begin anew",
            )
    return rows, header


def _said(name: str, before: Any, now: Any) -> str:
    if name != "versions" or not isinstance(before, dict):
        return f"{before}, and is {now} now"
    changed = [key for key in now if before.get(key) != now[key]]
    return "; ".join(f"{key} {before.get(key)}, and is {now[key]} now" for key in changed)
