"""Gradients that do not do what they should, each in its own way. Otherwise they are σ′."""

from __future__ import annotations

import ctypes
import os
import time
from typing import Any

import numpy as np
import numpy.typing as npt
from planted import right

Array = npt.NDArray[Any]

AT = 2.5
"""The input at which it happens."""


def _there(x: Array) -> bool:
    return bool((x.astype(np.float64) == AT).any())


def raises(x: Array) -> Array:
    if _there(x):
        raise ZeroDivisionError("not today")
    return right(x)


def raises_always(x: Array) -> Array:
    raise ZeroDivisionError("never")


def other_shape(x: Array) -> Array:
    return right(x)[:-1]


def other_dtype(x: Array) -> Array:
    return right(x).astype(np.float64)


def no_array(x: Array) -> str:
    return "σ′"


def nan_everywhere(x: Array) -> Array:
    return np.full_like(x, np.nan)


def hangs(x: Array) -> Array:
    if _there(x):
        time.sleep(10_000)
    return right(x)


def hangs_always(x: Array) -> Array:
    time.sleep(10_000)
    return x


def exits(x: Array) -> Array:
    if _there(x):
        os._exit(7)
    return right(x)


def crashes(x: Array) -> Array:
    if _there(x):
        print("reading what is not there", flush=True)
        ctypes.string_at(0)
    return right(x)


def slow(x: Array) -> Array:
    time.sleep(0.03)
    return right(x)
