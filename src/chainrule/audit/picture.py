"""A picture of the errors over all inputs of a format."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor, log10
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from chainrule.audit.report import ROUNDED
from chainrule.audit.running.runner import Outcome
from chainrule.floats.formats import Format
from chainrule.floats.positions import finite_count, positions
from chainrule.forms.report import figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FLOOR = 0.01
"""Errors below are drawn as so large: correctly rounded results have them anyway."""
_STRIPS = (("NaN, ∞", "#c1272d"), ("0", "#e08700"), ("sign", "#7b3294"))
_LAYERS, _NOTHING = ("#b9cde5", "#1f5fa8", "#c1272d"), "#e6e6e6"
_LABELS = 8
"""Powers of ten named on each side of 0, about."""
_APART = 0.035
"""Part of the width that two labels are apart at least."""


def picture(outcome: Outcome, max_ulp: float) -> Figure:
    """The largest error of each range, and where the faults are; inputs by their bit patterns."""
    from matplotlib.figure import Figure

    figure_ = Figure(figsize=(10, 5), layout="constrained")
    strips, axes = figure_.subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": [1, 6], "hspace": 0.02}
    )
    rows, fmt = outcome.rows[outcome.rows["compared"] >= 0], outcome.job.fmt
    _draw_errors(axes, rows, max_ulp)
    _draw_faults(strips, rows)
    _name_inputs(axes, fmt)
    job = outcome.job
    figure_.suptitle(_title(outcome), x=0.012, ha="left", fontsize=12)
    axes.set_xlabel(f"input, in the order of the bit patterns of {job.dtype}")
    axes.set_ylabel("largest error in ULP")
    return figure_


def save(outcome: Outcome, max_ulp: float, base: Path) -> list[Path]:
    """Write the picture as PNG and SVG, beside each other; the paths."""
    from matplotlib import rc_context

    drawn = picture(outcome, max_ulp)
    paths = [base.with_name(f"{base.name}.{ending}") for ending in ("png", "svg")]
    # Text stays text, and the same audit gives the same file.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "chainrule"}):
        drawn.savefig(paths[0], dpi=150)
        drawn.savefig(paths[1], metadata={"Date": None})
    return paths


def _title(outcome: Outcome) -> str:
    job, found = outcome.job, outcome.measured
    of = "gradient of " if job.kind == "gradient" else ""
    largest = f", at most {figure(found.largest)} ULP" if found is not None else ""
    return f"{of}{job.target} in {job.dtype}{largest}"


def _draw_errors(axes: Axes, rows: npt.NDArray[Any], max_ulp: float) -> None:
    edges = np.append(rows["first"], rows["last"][-1:] + 1)
    errors = np.maximum(rows["largest"], FLOOR)
    heights = np.append(errors, errors[-1:])
    axes.set_yscale("log")
    highest = max(float(errors.max()), max_ulp, 1.0)
    axes.set_ylim(FLOOR, 10 ** ceil(log10(highest * 1.5)))
    # Layers: what correct rounding may be off by, what passes, and what does not.
    levels = [FLOOR, ROUNDED, max(max_ulp, ROUNDED), np.inf]
    for colour, (low, high) in zip(_LAYERS, pairwise(levels), strict=True):
        top, above = np.clip(heights, low, high), heights > low
        # A step ends at the next edge.
        above[1:] |= above[:-1]
        axes.fill_between(edges, low, top, above, step="post", color=colour, linewidth=0.3)
    for start, end in _runs(rows["compared"] == 0):
        axes.axvspan(edges[start], edges[end + 1], color=_NOTHING, linewidth=0)
    for level, text, side in ((ROUNDED, "½", "top"), (max_ulp, f"{max_ulp:g}", "bottom")):
        axes.axhline(level, color="black", linewidth=0.6, linestyle=":")
        axes.annotate(
            text,
            (1.0, level),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va=side,
            fontsize=8,
        )
    if not rows["largest"].any():
        # Nothing at all would look as if nothing had been drawn.
        axes.text(0.5, 0.5, "no error", ha="center", color="gray", transform=axes.transAxes)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_faults(axes: Axes, rows: npt.NDArray[Any]) -> None:
    for height, (_, colour) in enumerate(reversed(_STRIPS)):
        found = rows["faults"][:, len(_STRIPS) - 1 - height] > 0
        spans = [
            (int(rows["first"][a]), int(rows["last"][b] + 1 - rows["first"][a]))
            for a, b in _runs(found)
        ]
        # What is narrower than a point would not be seen.
        axes.broken_barh(spans, (height + 0.15, 0.7), color=colour, linewidth=1)
    axes.set_ylim(0, len(_STRIPS))
    axes.set_yticks([k + 0.5 for k in range(len(_STRIPS))], [n for n, _ in reversed(_STRIPS)])
    axes.tick_params(axis="both", length=0, labelsize=8, labelbottom=False)
    axes.spines[:].set_visible(False)
    axes.set_axisbelow(True)


def _runs(flags: npt.NDArray[np.bool_]) -> Sequence[tuple[int, int]]:
    """First and last index of each run of true values."""
    padded = np.concatenate([[False], flags, [False]]).astype(np.int8)
    change = np.diff(padded)
    starts, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1) - 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _name_inputs(axes: Axes, fmt: Format) -> None:
    """Ticks at 0 and at powers of ten of both signs."""
    low, high = ceil(log10(fmt.smallest)), floor(log10(fmt.largest))
    step = max((high - low) // _LABELS, 1)
    # 1 is among them.
    count = finite_count(fmt)
    powers = [p for p in range(low, high + 1) if p % step == 0]
    values = np.array([10.0**p for p in powers]).astype(fmt.dtype)
    places = positions(values, fmt)
    near = int((places < 2 * _APART * count).sum())
    powers, places = powers[near:], places[near:]
    ticks = [*(-1 - places[::-1]), 0, *places]
    names = [*(_power(p, "−") for p in reversed(powers)), "0", *(_power(p, "") for p in powers)]
    axes.set_xticks(ticks, names, fontsize=9)
    axes.set_xlim(-count, count)


def _power(power: int, sign: str) -> str:
    return f"{sign}1" if power == 0 else f"${sign.replace('−', '-')}10^{{{power}}}$"
