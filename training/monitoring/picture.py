"""Pictures of a watch, as SVG that stands on its own in a page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.monitoring.findings import Findings, Shift
from training.offpolicy.picture import ASKED, BASELINE, INK, REFUSED, to_svg
from training.report import Interval

_MOST = 30
_SHADES = 0.5  # a PSI from which the colour does not deepen


def heat(found: Findings) -> Markup:
    """How far each column moved in each window, the farthest first; framed where it alarms."""
    names = sorted(
        {shift.name for window in found.windows for shift in window.shifts},
        key=lambda name: -max((window.of(name) or _NONE).index for window in found.windows),
    )[:_MOST]
    figure = Figure(figsize=(8, 1.0 + 0.3 * max(len(names), 1)), layout="constrained")
    axes = figure.subplots()
    table = np.array(
        [[(window.of(name) or _NONE).index for window in found.windows] for name in names]
    ).reshape(len(names), len(found.windows))
    axes.imshow(np.minimum(table, _SHADES), cmap="OrRd", vmin=0, vmax=_SHADES, aspect="auto")
    for row, name in enumerate(names):
        for place, window in enumerate(found.windows):
            shift = window.of(name) or _NONE
            deep = shift.index > _SHADES * 0.6
            axes.text(
                place, row, f"{shift.index:.2f}", ha="center", va="center", fontsize=8,
                color="white" if deep else INK,
                weight="bold" if shift.verdict == "alarm" else "normal",
            )  # fmt: skip
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set_xticks(range(len(found.windows)), [str(n + 1) for n in range(len(found.windows))])
    axes.set_xlabel("window; PSI against the reference, bold where it alarms", color=INK)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return to_svg(figure)


def lines(found: Findings) -> Markup:
    """Base rate and promises, AUC, and shares of exploration and fallbacks, over the windows;
    the reference stands first, at 0."""
    all_windows = (found.reference, *found.windows)
    did = [window.performance for window in all_windows]
    figure = Figure(figsize=(8, 6.6), layout="constrained")
    rates, ranks, shares = figure.subplots(3, sharex=True)
    _series(rates, [None if one is None else one.answered for one in did], "answered", ASKED)
    promised = [None if one is None else one.promised for one in did]
    _series(rates, [_exact(value) for value in promised], "promised", BASELINE)
    _series(ranks, [None if one is None else one.auc for one in did], "AUC", ASKED)
    ranks.axhline(0.5, color=BASELINE, lw=0.8, ls=":")
    _series(shares, [window.explored for window in all_windows], "explored", ASKED)
    _series(shares, [window.fallback for window in all_windows], "fallback", REFUSED)
    shares.set_ylim(bottom=0.0)
    for axes, title in ((rates, "rate of answers"), (ranks, "AUC"), (shares, "share")):
        axes.set_ylabel(title, color=INK)
        axes.axvline(0.5, color=INK, lw=0.8, ls=":")
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlim(-0.3, len(all_windows) - 0.7)
        if axes.get_legend_handles_labels()[1]:
            axes.legend(frameon=False, loc="best", ncols=2)
    shares.set_xticks(range(len(all_windows)), ["before", *map(str, range(1, len(all_windows)))])
    shares.set_xlabel("window", color=INK)
    return to_svg(figure)


def _series(axes: Axes, found: Sequence[Interval | None], name: str, colour: str) -> None:
    """A line with its intervals; where nothing is known there is a gap."""
    known = [(place, one) for place, one in enumerate(found) if one is not None]
    if not known:
        return
    places = [place for place, _ in known]
    axes.fill_between(
        places, [one.low for _, one in known], [one.high for _, one in known],
        color=colour, alpha=0.15, lw=0,
    )  # fmt: skip
    axes.plot(places, [one.value for _, one in known], "o-", color=colour, ms=4, label=name)


def _exact(value: float | None) -> Interval | None:
    return None if value is None else Interval(value, value, value)


_NONE = Shift("", 0.0, 0.0, "steady")
