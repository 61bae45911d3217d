"""What any model must be, whatever it says: finite, the same twice, not the same for all, quick.

Time is measured beside a logistic model of ours at the same catalogue's size, in turns, so
that the ratio holds on a busy machine and on a slow one alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from engine.domain import Action, Facts
from engine.errors import ModelRefused
from engine.models.base import Model, Predictor
from engine.models.checks import check_model
from engine.models.features import Feature, Number
from engine.models.kinds import parse_model
from engine.models.logistic import LogisticArtefact
from engine.models.verdict import Refusal

BUDGET = 20.0
"""How many times a plain logistic model's time a decision may take to predict. On our machine that
is 0.14, 0.2 and 0.6 ms for 100, 1,000 and 10,000 actions: about what the whole of `decide()` is to
take (0.15, 0.25 and 0.8 ms), which is what it protects."""

_SAMPLES = 8
_TURNS = 15
_TIMED = 20
_INPUTS = 16
_SAME = 1e-9

Clock = Callable[[], float]


def unsound(model: Model, actions: Sequence[Action], samples: Sequence[Facts]) -> Iterator[Refusal]:
    """The first fact of the shared suite it does not hold; and saying one thing to everybody."""
    try:
        check_model(model, actions, samples[:_SAMPLES])
    except ModelRefused as error:
        yield Refusal("unsound", str(error))
        return
    predictor = model.bind(actions)
    predicted = [predictor.predict(facts) for facts in samples]
    if len(samples) < 2 or len(actions) < 2:  # too few to tell
        return
    said = np.array([one.propensities for one in predicted])
    looks = any(len(one.features) for one in predicted)
    if float(np.ptp(said)) < _SAME:
        yield Refusal("constant", f"every propensity is {said[0, 0]:.4g}, for every action")
    elif looks and float(np.ptp(said, axis=0).max()) < _SAME:
        yield Refusal(
            "constant", f"it looks at customers, and tells the same of all {len(samples)} of them"
        )


class Pace(NamedTuple):
    """Seconds to predict for one customer, all actions: the model's, and a plain logistic one's."""

    ours: float
    plain: float

    @property
    def ratio(self) -> float:
        """How many times the plain one's it is."""
        return self.ours / self.plain


def paced(model: Model, actions: Sequence[Action], samples: Sequence[Facts], clock: Clock) -> Pace:
    """How long it takes, for these actions and facts."""
    predictors = model.bind(actions), _plain().bind(actions)
    some = samples[:: max(1, len(samples) // _TIMED)]
    turns = [[_took(predictor, some, clock) for predictor in predictors] for _ in range(_TURNS)]
    return Pace(*(min(took) / len(some) for took in zip(*turns, strict=True)))


def too_slow(pace: Pace, actions: int) -> Iterator[Refusal]:
    """Predicting that takes more than its budget."""
    if pace.ratio > BUDGET:
        yield Refusal(
            "slow",
            f"propensities of {actions:,} actions take {pace.ratio:,.0f} times a plain logistic "
            f"model's time; at most {BUDGET:g}. Here that is {1_000 * pace.ours:.2g} ms, and every "
            f"decision would wait for it; {1_000 * BUDGET * pace.plain:.2g} ms are allowed. Have "
            "it look at less (`features`), or train one of kind `logistic`",
        )


def _took(predictor: Predictor, samples: Sequence[Facts], clock: Clock) -> float:
    started = clock()
    for facts in samples:
        predictor.predict(facts)
    return clock() - started


def _plain() -> Model:
    """A logistic model of sixteen numbers."""
    features = tuple(
        Feature(f"n{number}", f"customer.n{number}", Number(indicator=True))
        for number in range(_INPUTS)
    )
    artefact = LogisticArtefact(features, 0.0, (0.01,) * (2 * _INPUTS))
    return parse_model("logistic", msgspec.json.encode(artefact))


wall: Clock = time.perf_counter
