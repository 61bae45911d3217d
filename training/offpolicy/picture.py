"""Values and their intervals side by side, as SVG that stands on its own in a page."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from io import StringIO
from typing import NamedTuple

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

from training.report import Interval

INK, LOGGED, BASELINE, ASKED, REFUSED = "#1c2430", "#1c2430", "#8a94a3", "#0b63ce", "#9a3412"
LONGEST = 44  # letters of a name


class Bar(NamedTuple):
    """A line of the picture; no interval: refused."""

    name: str
    found: Interval | None
    baseline: bool


def picture(bars: Sequence[Bar], what: str) -> Markup:
    """One line a policy, the first being what was logged, drawn through as a reference; `what` the
    axis says."""
    figure = Figure(figsize=(8, 0.9 + 0.42 * len(bars)), layout="constrained")
    axes = figure.subplots()
    for row, bar in enumerate(bars):
        colour = LOGGED if row == 0 else BASELINE if bar.baseline else ASKED
        if bar.found is None:
            axes.text(
                0.02, row, "refused, see below", color=REFUSED, va="center",
                transform=axes.get_yaxis_transform(),
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
            )  # fmt: skip
            continue
        axes.plot([bar.found.low, bar.found.high], [row, row], color=colour, lw=2.5)
        axes.plot([bar.found.value], [row], "o", color=colour, ms=7)
    if bars[0].found is not None:
        axes.axvline(bars[0].found.value, color=LOGGED, lw=0.8, ls=":")
    axes.set_yticks(range(len(bars)), [short(bar.name) for bar in bars], parse_math=False)
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.set_xlabel(what, color=INK)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    return to_svg(figure)


def short(name: str) -> str:
    """A whole digest would leave no room for what it is the name of."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def to_svg(figure: Figure) -> Markup:
    """A drawing as SVG: only the element, the same bytes for the same figures. Names in letters
    that our font lacks stay text, for the reader's own fonts; all else is drawn."""
    with warnings.catch_warnings(record=True) as told:
        warnings.filterwarnings("always", "Glyph")
        text = _svg(figure, "path")
        if any("Glyph" in str(one.message) for one in told):
            text = _svg(figure, "none")
    return Markup(text[text.index("<svg") :])  # noqa: S704 - our own drawing, names escaped by it


def _svg(figure: Figure, letters: str) -> str:
    written = StringIO()
    with mpl.rc_context({"svg.hashsalt": "teller", "svg.fonttype": letters}):
        figure.savefig(written, format="svg", metadata={"Date": None})
    return written.getvalue()
