"""Pictures of a simulation, as SVG that stands on its own in a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.offpolicy.picture import INK, to_svg
from training.simulation.findings import Findings, Policy, Spread

COLOURS = ("#8a94a3", "#b45309", "#7c3aed", "#0b63ce", "#166534", "#be185d")


def regret(found: Findings) -> Markup:
    """What the oracle had more, as it adds up."""
    return _curves(found, lambda one: one.curve, "regret, in units of value")


def uplift(found: Findings) -> Markup:
    """Worth over chance, so far."""
    return _curves(found, lambda one: one.uplifts, "worth over chance, so far", percent=True)


def learned(found: Findings) -> Markup:
    """What was promised at the end against what was true, by tenths."""
    figure = Figure(figsize=(5.6, 4.2), layout="constrained")
    axes = figure.subplots()
    most = 0.0
    for colour, policy in zip(COLOURS, found.policies, strict=False):
        if policy.learned is None:
            continue
        groups = policy.learned.groups
        promised, true = [one.promised for one in groups], [one.true for one in groups]
        most = max(most, *promised, *true)
        axes.plot(promised, true, "o-", ms=4, color=colour, label=policy.name)
    axes.plot([0, most], [0, most], color=INK, lw=0.8, ls=":")
    axes.set_xlabel("propensity promised", color=INK)
    axes.set_ylabel("true chance", color=INK)
    _finish(axes)
    return to_svg(figure)


def _curves(
    found: Findings,
    points: Callable[[Policy], Sequence[Spread]],
    title: str,
    *,
    percent: bool = False,
) -> Markup:
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.subplots()
    scale = 100.0 if percent else 1.0
    start = len(found.at) // 10 if percent else 0  # the first few visits are noise
    for colour, policy in zip(COLOURS, found.policies, strict=False):
        spreads = points(policy)[start:]
        if not spreads:
            continue
        at = found.at[start:]
        low, high = ([scale * getattr(one, side) for one in spreads] for side in ("least", "most"))
        axes.fill_between(at, low, high, color=colour, alpha=0.15, lw=0)
        axes.plot(at, [scale * one.mean for one in spreads], color=colour, label=policy.name)
    axes.set_xlabel("visits", color=INK)
    axes.set_ylabel(f"{title}, %" if percent else title, color=INK)
    _finish(axes)
    return to_svg(figure)


def _finish(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
