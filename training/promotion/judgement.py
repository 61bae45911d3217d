"""A model against the one that serves, on the same rows: ranking, promises, slices, leaks.

Every difference is paired and its interval is over customers, not rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.domain import Action, Facts
from engine.models.kinds import parse_model
from engine.models.verdict import Refusal
from training.dataset import Examples
from training.fit import popularity
from training.predicting import predict
from training.report import Figures, Interval, auc, deciles, evaluate, log_losses

LEAST_ROWS = 500
LEAST_ANSWERS = 30

LEAK = 0.75
"""A version that takes away this much of what the better of champion and popularity gets wrong
in ranking (1 - AUC) knows something that nobody can know beforehand, until shown otherwise."""

OFF_BY = 0.3
"""Promises may be off by this share of the rate of answers, whatever the interval says."""

SURE = 1e-3
"""In the log loss no promise counts as surer than this of a yes or a no: of one that is, a single
row would outweigh thousands, where a decision loses next to nothing by it."""

_RESAMPLES = 200
_CERTAIN = 0.995
_SLICE_ROWS = 300
_SLICE_ANSWERS = 20
_SLICE_ERRORS = 3.0
_SLICE_LOSS = 0.02

Vector = NDArray[np.float64]


class Judged(NamedTuple):
    """Both models on the rows; `gain` is the candidate's over the champion; `known` is the AUC
    of the better of the champion and of each action's own rate; `best`: of the answers' own
    order, which is 1 where none is worth a fraction."""

    ours: Figures
    theirs: Figures
    gain: Mapping[str, Interval]
    known: float
    best: float

    def figures(self) -> dict[str, float]:
        """By name."""
        return {
            "auc": self.ours.auc.value,
            "auc of the champion": self.theirs.auc.value,
            "log loss": self.ours.log_loss.value,
            "log loss of the champion": self.theirs.log_loss.value,
            "calibration error": self.ours.calibration_error,
        }


def too_little(table: Examples) -> str | None:
    """What is missing before anything can be said of these rows."""
    answered = table.answered
    least = min(answered, len(table) - answered)
    if len(table) < LEAST_ROWS or least < LEAST_ANSWERS:
        return (
            f"{len(table):,} offers, {answered:,} of them answered; at least {LEAST_ROWS} are "
            f"needed, and {LEAST_ANSWERS} of either kind"
        )
    return None


def judged(
    table: Examples, ours: Vector, theirs: Vector, seed: int, figures: dict[str, float]
) -> Iterator[Refusal]:
    """All that speaks against what a candidate promises of the rows, beside what the champion
    does; nothing when it may serve. Adds to `figures`."""
    ours, theirs = (np.clip(said, SURE, 1.0 - SURE) for said in (ours, theirs))
    found = measured(table, ours, theirs, seed)
    figures.update(found.figures())
    yield from against(table, ours, found, seed)
    yield from _slices(table, log_losses(table.labels, ours) - log_losses(table.labels, theirs))


def measured(table: Examples, ours: Vector, theirs: Vector, seed: int) -> Judged:
    """Figures of both, paired."""
    both = {"model": ours, "popularity": theirs}
    figures, gain = evaluate(table, both, resamples=_RESAMPLES, seed=seed, threads=1)
    rates = predict(parse_model("beta", popularity(table)), table)
    known = max(figures["popularity"].auc.value, auc(table.labels, rates, table.weights))
    best = auc(table.labels, table.labels, table.weights)
    return Judged(figures["model"], figures["popularity"], gain, known, best)


def against(table: Examples, ours: Vector, found: Judged, seed: int) -> Iterator[Refusal]:
    """What the figures as a whole say."""
    if found.ours.auc.high < 0.5:
        yield Refusal(
            "inverted",
            f"AUC {_shown(found.ours.auc)}: whoever it thinks least likely answers most",
        )
    for figure, gain in found.gain.items():
        if gain.high < 0.0:
            name = figure.replace("_", " ")
            loss = Interval(-gain.value, -gain.high, -gain.low)
            yield Refusal("worse", f"{name} is worse than the champion's by {_shown(loss)}")
    yield from _promises(table, ours, seed)
    solved = (found.ours.auc.value - found.known) / max(found.best - found.known, 1e-9)
    if solved > LEAK:
        yield Refusal(
            "too-good",
            f"AUC {found.ours.auc.value:.3f} where the best known is {found.known:.3f}: does a "
            "feature know what happened after the offer?",
        )


def _promises(table: Examples, ours: Vector, seed: int) -> Iterator[Refusal]:
    """Promises further off than chance makes right ones, and than matters.

    Chance: the error there would be if every promise were true, drawn again and again
    (Bröcker and Smith, Increasing the Reliability of Reliability Diagrams, 2007). Drawn as yes
    or no, which varies most of all that lies between 0 and 1.
    """
    rng = np.random.default_rng(seed)
    # Rows of one promise are parted by chance, not by whatever order they came in.
    order = rng.permutation(len(ours))
    labels, promises, weights = table.labels[order], ours[order], table.weights[order]
    drawn = [
        _error((rng.random(len(promises)) < promises).astype(np.float64), promises, weights)
        for _ in range(_RESAMPLES)
    ]
    chance = float(np.quantile(drawn, _CERTAIN))
    rate = float(np.average(table.labels, weights=table.weights))
    error = _error(labels, promises, weights)
    if error > chance and error > OFF_BY * min(rate, 1.0 - rate):
        promised = float(np.average(ours, weights=table.weights))
        yield Refusal(
            "miscalibrated",
            f"it promises {promised:.2%} and {rate:.2%} answer; by tenths it is off by "
            f"{error:.2%}, where chance explains {chance:.2%}",
        )


def _error(labels: Vector, promised: Vector, weights: Vector) -> float:
    tenths = deciles(labels, promised, weights)
    return sum(one.rows * abs(one.promised - one.answered) for one in tenths) / len(labels)


_SLICES: Mapping[str, Callable[[Facts, Action], str]] = {
    "channel": lambda facts, _: facts.channel,
    "kind": lambda _, action: action.kind,
    "group": lambda _, action: action.group or "none",
    "action": lambda _, action: action.id,
}


def _slices(table: Examples, more: Vector) -> Iterator[Refusal]:
    """Parts of the traffic it serves worse: where its log loss is higher by more than three
    standard errors, and by more than a fiftieth. `more`: its loss less the champion's, a row."""
    for what, part in _SLICES.items():
        rows = zip(table.facts, table.actions, strict=True)
        names = np.array([part(facts, action) for facts, action in rows])
        for name in np.unique(names).tolist():
            mask = names == name
            if int(mask.sum()) < len(table) and _worse(table.where(mask), more[mask]):
                yield Refusal(
                    "worse-for-some",
                    f"{what} {name}: log loss {more[mask].mean():.4f} above the champion's, on "
                    f"{int(mask.sum()):,} offers",
                )


def _worse(table: Examples, more: Vector) -> bool:
    least = min(table.answered, len(table) - table.answered)
    if len(table) < _SLICE_ROWS or least < _SLICE_ANSWERS:
        return False
    rate = float(table.labels.mean())
    known = -(rate * np.log(rate) + (1.0 - rate) * np.log(1.0 - rate))
    whose = np.unique(table.subjects, return_inverse=True)[1]
    sums = np.bincount(whose, more - more.mean())
    error = float(np.sqrt((sums**2).sum())) / len(more)
    mean = float(more.mean())
    return mean > _SLICE_ERRORS * error and mean > _SLICE_LOSS * known


def _shown(interval: Interval) -> str:
    return f"{interval.value:.4f} ({interval.low:.4f} to {interval.high:.4f})"
