"""What a watch found as Prometheus' text, for node_exporter's textfile collector.

A watch is a batch: nobody scrapes it while it runs, so it leaves its figures in a file.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from training.monitoring.findings import ActionFigures, Findings
from training.report import Interval

_PREFIX = "teller_watch_"

MOST_ACTIONS = 100
"""Of more actions the most shown are told of: each takes five series."""


def exposition(found: Findings) -> bytes:
    """The latest window's figures, each action's over all of them, and how many things alarmed in
    any."""
    registry = CollectorRegistry()
    latest = found.windows[-1]

    def gauge(name: str, what: str, *labels: str) -> Gauge:
        return Gauge(_PREFIX + name, what, labels, registry=registry)

    gauge("alarms", "Things that moved by more than chance, and enough to matter").set(
        len(found.alarms)
    )
    moved = gauge("psi", "How far an input, or the propensity, moved from the reference", "input")
    chance = gauge("psi_chance", "What chance alone explains of it", "input")
    for shift in latest.shifts:
        moved.labels(shift.name).set(shift.index)
        chance.labels(shift.name).set(shift.chance)
    missing = gauge("missing", "Share of rows without a field that rules ask for", "field")
    for one in found.missing:
        missing.labels(one.field).set(one.share)
    shares = gauge("share", "Share of rows that were explored, or fell back", "what", "bound")
    _bounds(shares, "fallback", latest.fallback)
    _bounds(shares, "explored", latest.explored)
    if (did := latest.performance) is not None:
        figures = gauge("performance", "Of rows whose answer is known", "figure", "bound")
        _bounds(figures, "base_rate", did.answered)
        _bounds(figures, "calibration", did.calibration)
        _bounds(figures, "auc", did.auc)
    actions = gauge("action", "Answered, promised and before", "action", "figure", "bound")
    for each in found.actions[:MOST_ACTIONS]:
        _tell(actions, each)
    return generate_latest(registry)


def _tell(actions: Gauge, one: ActionFigures) -> None:
    by_name = {"answered": one.answered, "promised": one.promised, "before": one.before}
    for name, figure in by_name.items():
        if isinstance(figure, Interval):
            _bounds(actions, name, figure, one.action)
        elif figure is not None:
            actions.labels(one.action, name, "value").set(figure)


def _bounds(gauge: Gauge, name: str, found: Interval | None, *of: str) -> None:
    """A figure with its 95% interval; nothing where it is not known."""
    if found is not None:
        for bound in ("value", "low", "high"):
            gauge.labels(*of, name, bound).set(getattr(found, bound))
