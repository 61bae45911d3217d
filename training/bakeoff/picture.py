"""Everybody's loss, a line a set, as SVG that stands on its own in a page."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup
from matplotlib.figure import Figure

from training.bakeoff.race import Played, best, ratio
from training.offpolicy.picture import ASKED, BASELINE, INK, REFUSED, to_svg

CONTESTANTS = (
    ("vw ", "best VW", BASELINE, "s"),
    ("mabwiser ", "best MABWiser", REFUSED, "x"),
    ("full information", "full information", ASKED, "|"),
    ("ours", "ours", ASKED, "o"),
)


def losses(sets: Sequence[Played]) -> Markup:
    """Where we are furthest ahead stands first; from ours to the best VW a line is drawn."""
    ordered = sorted(sets, key=lambda one: ratio(one) or 1.0)
    figure = Figure(figsize=(8, 0.9 + 0.3 * len(ordered)), layout="constrained")
    axes = figure.subplots()
    for prefix, name, colour, mark in CONTESTANTS:
        found = [(_loss(one, prefix), row) for row, one in enumerate(ordered)]
        if at := [(loss, row) for loss, row in found if loss is not None]:
            axes.plot(*zip(*at, strict=True), mark, color=colour, ms=6, label=name)
    for row, one in enumerate(ordered):
        ours, vw = _loss(one, "ours"), _loss(one, "vw ")
        if ours is not None and vw is not None:
            axes.plot([ours, vw], [row, row], color=BASELINE, lw=0.8, zorder=0)
    axes.set_yticks(range(len(ordered)), [one.name for one in ordered], parse_math=False)
    axes.set_ylim(len(ordered) - 0.5, -0.5)
    axes.set_xlim(left=0.0)
    axes.set_xlabel("share of wrong choices over the pass", color=INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    figure.legend(frameon=False, loc="outside upper center", ncols=len(CONTESTANTS))
    return to_svg(figure)


def _loss(one: Played, prefix: str) -> float | None:
    name = best(one.results, prefix)
    return None if name is None else one.results[name].loss
