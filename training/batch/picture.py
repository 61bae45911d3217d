"""The pictures of a training report, each SVG that stands on its own in a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup
from matplotlib.figure import Figure

from training.batch.importance import Importance
from training.offpolicy.picture import ASKED, BASELINE, INK, to_svg
from training.report import Figures, captured

MOST_BARS = 20


def calibration(model: Figures, beside: Mapping[str, Figures]) -> Markup:
    """What was promised against what was answered, by tenths; on the diagonal is right."""
    figure = Figure(figsize=(4.6, 4.2), layout="constrained")
    axes = figure.subplots()
    top = max(max(one.promised, one.answered) for one in model.deciles) * 1.08 + 1e-9
    axes.plot([0, top], [0, top], color=INK, lw=0.8, ls=":")
    for name, figures in {"model": model, **beside}.items():
        colour = ASKED if name == "model" else BASELINE
        points = figures.deciles
        if name == "constant":
            continue
        axes.plot(
            [one.promised for one in points], [one.answered for one in points], "o-",
            color=colour, ms=4, lw=1.4, label=name,
        )  # fmt: skip
    axes.set_xlim(0, top)
    axes.set_xlabel("promised", color=INK)
    axes.set_ylabel("answered", color=INK)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return to_svg(figure)


def gains(model: Figures, beside: Mapping[str, Figures]) -> Markup:
    """Which share of all answers the most promising rows hold."""
    figure = Figure(figsize=(4.6, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=INK, lw=0.8, ls=":", label="by lot")
    for name, figures in {"model": model, **beside}.items():
        if name != "constant":
            reached = captured(figures)
            tenths = [i / (len(reached) - 1) for i in range(len(reached))]
            colour = ASKED if name == "model" else BASELINE
            axes.plot(tenths, reached, "o-", color=colour, ms=4, lw=1.4, label=name)
    axes.set_xlabel("share of rows, the most promising first", color=INK)
    axes.set_ylabel("share of all answers", color=INK)
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    return to_svg(figure)


def bars(found: Sequence[Importance]) -> Markup:
    """How much worse without each feature, the most important ones."""
    shown = found[:MOST_BARS]
    figure = Figure(figsize=(8, 0.9 + 0.3 * len(shown)), layout="constrained")
    axes = figure.subplots()
    for row, one in enumerate(shown):
        axes.barh(row, one.worse, color=ASKED, height=0.55)
        axes.plot([one.least, one.most], [row, row], color=INK, lw=1.2)
    axes.axvline(0, color=INK, lw=0.8)
    axes.set_yticks(range(len(shown)), [one.name for one in shown], parse_math=False)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlabel("log loss grows by, when shuffled (bar: mean of five; line: least to most)")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    return to_svg(figure)
