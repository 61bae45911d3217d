"""A window of later rows held against the reference: what moved, and whether that matters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log

import numpy as np

from training.monitoring import psi
from training.monitoring.binned import Column
from training.monitoring.findings import (
    AUC,
    CALIBRATION,
    RATE,
    ActionFigures,
    Shift,
    Verdict,
    Window,
)
from training.monitoring.performance import (
    Estimate,
    Measured,
    differs,
    falls,
    mean,
    measure,
    rates_differ,
    wilson,
)
from training.monitoring.traffic import Numbers, Traffic, Vector
from training.report import Interval

ASKED_OF_ANSWERS = (RATE, CALIBRATION, AUC)


@dataclass(frozen=True)
class Limits:
    """What is worth an alarm. `level`: how often a whole report may alarm by chance alone;
    each of its questions gets an equal part of it (Bonferroni). What chance does not explain
    must also matter: a PSI of `index`; a base rate, or a calibration, off by the share
    `rate`; an AUC lower by `auc`."""

    level: float = 0.01
    index: float = 0.1
    rate: float = 0.2
    auc: float = 0.03


USUAL = Limits()


class Judge:
    """Knows the reference, and holds a window against it; `level` is that of one question."""

    def __init__(
        self, before: Traffic, binned: Mapping[str, Column], limits: Limits, level: float
    ) -> None:
        self.before = before
        self._binned = binned
        self._limits = limits
        self._level = level
        self._measured = measure(before)
        self.reference = _described(before, self._measured)

    def window(self, part: Traffic, rows: tuple[int, int]) -> Window:
        """A later window, `rows` being where it lies in the traffic."""
        measured = measure(part)
        shifts = tuple(
            self._shift(name, column, part, slice(*rows)) for name, column in self._binned.items()
        )
        return _described(part, measured, shifts, self._verdicts(measured))

    def _shift(self, name: str, column: Column, part: Traffic, rows: slice) -> Shift:
        early = column.of(self.before.subjects, slice(len(self.before)))
        late = column.of(part.subjects, rows)
        index, chance = psi.shift(early, late, column.count, self._level)
        return Shift(name, index, chance, _verdict(index > chance, index >= self._limits.index))

    def _verdicts(self, now: Measured | None) -> dict[str, Verdict]:
        then = self._measured
        if now is None or then is None:
            return {}
        found = {RATE: self._rate(then, now)}
        if calibration := self._calibration(then, now):
            found[CALIBRATION] = calibration
        if now.auc is not None and then.auc is not None:
            beyond = falls(then.auc, now.auc, self._level)  # to rank better is no alarm
            far = then.auc.value - now.auc.value >= self._limits.auc
            found[AUC] = _verdict(beyond, far)
        return found

    def _rate(self, then: Measured, now: Measured) -> Verdict:
        return _verdict(rates_differ(then, now, self._level), self._far(then.rate, now.rate))

    def _calibration(self, then: Measured | None, now: Measured) -> Verdict | None:
        """Of what was promised, whatever there was before; None where nothing was."""
        if now.calibration is None or now.promised is None:
            return None
        # What is promised was learnt from the reference, and is no surer than that was.
        right = Estimate(0.0, then.rate.error if then else 0.0)
        beyond = differs(right, now.calibration, self._level)
        promised = Estimate(now.promised, 0.0)
        kept = Estimate(now.promised + now.calibration.value, 0.0)
        return _verdict(beyond, self._far(promised, kept))

    def _far(self, then: Estimate, now: Estimate) -> bool:
        """Is a rate further from another than by the share that matters?"""
        if min(then.value, now.value) <= 0.0:
            return then.value != now.value
        return abs(log(now.value / then.value)) >= log(1 + self._limits.rate)

    def actions(self, after: Traffic) -> Iterator[ActionFigures]:
        """Every action whose answers are known, the most shown first."""
        known, earlier = (_answered(traffic) for traffic in (after, self.before))
        names, counts = np.unique(known.actions, return_counts=True)
        for name in names[np.argsort(-counts, kind="stable")]:
            now = measure(known.where(known.actions == name))
            then = measure(earlier.where(earlier.actions == name))
            if now is None:
                continue
            yield ActionFigures(
                str(name),
                now.rows,
                wilson(now.rate, now.rows),
                now.promised,
                then.rate.value if then else None,
                self._rate(then, now) if then else "steady",
                self._calibration(then, now),
            )


def _verdict(beyond_chance: bool, matters: bool) -> Verdict:
    if not beyond_chance:
        return "steady"
    return "alarm" if matters else "moved"


def _described(
    part: Traffic,
    measured: Measured | None,
    shifts: tuple[Shift, ...] = (),
    verdicts: Mapping[str, Verdict] | None = None,
) -> Window:
    less = np.where(np.isnan(part.chances), np.nan, part.chances < 0.5)
    return Window(
        len(part),
        len(np.unique(part.subjects)),
        int(part.at[0]),
        int(part.at[-1]),
        _share(part.fallback, part.subjects),
        _share(less, part.subjects),
        measured.told() if measured else None,
        shifts,
        dict(verdicts or {}),
    )


def _share(values: Vector, subjects: Numbers) -> Interval | None:
    known = ~np.isnan(values)
    return wilson(mean(values[known], subjects[known]), int(known.sum())) if known.any() else None


def _answered(traffic: Traffic) -> Traffic:
    return traffic.where(~np.isnan(traffic.answered) & (traffic.actions != ""))
