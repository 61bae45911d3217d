"""The grocer's households as a world to simulate: who answers what, fitted on the real coupons.

Real: the households, their attributes, the catalogue, and how likely each is to hand in a
coupon of each offer in a campaign, by gradient boosting on *all* campaigns of the year
(`demo/sends.py` says what those rows cannot tell: nobody was sent anything at random, so that
this is who redeems, not who is persuaded). Made up: that a view in the shop's window is
answered as a campaign is; a taste of each household's own; seasons; drift.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from demo.attributes import AS_OF, HABITS, attributes, ledger
from demo.households import Household, consent, households
from demo.offers import AISLE_OF_OFFER, AISLES, OFFERS
from demo.package import data_directory
from demo.prepare import prepare
from demo.sends import known_at_start, sends
from demo.source import read
from engine.directory import read_directory
from engine.domain import Value
from training.simulation.world import Person, World

ABOUT = (
    "A real grocer's households, attributes and offers, and how likely each household is to "
    "redeem each offer, fitted by gradient boosting on all coupons of 2017. Made up: that a view "
    "is answered as a campaign is, tastes of their own, seasons, drift. Trained: the demo's "
    "model, fitted on campaigns before October alone."
)
CATALOGUE = Path(__file__).parent / "catalogue"

_FIGURES = (
    "basket_spend",
    "spend_12w",
    "trips_12w",
    "coupon_trips_12w",
    "redemptions_12w",
    "private_label_share",
    "saved_share",
    "days_since_trip",
    "household_size",
    "kids",
)
_HIDDEN, _SEASON, _DRIFT = 0.5, 0.5, 0.5
_FARTHEST = 9.0

Table = NDArray[np.float64]


class Grown(NamedTuple):
    """The real part, made once: the same for every seed. `tastes`: log odds, shape (people,
    offers); `model`: the artefact of the demo's propensity."""

    people: Sequence[Household]
    tastes: Table
    model: bytes

    def world(self, seed: int) -> World:
        """With the made-up part, drawn by `seed`; people who agreed to marketing."""
        chance = np.random.default_rng((seed, 2))
        aisles = sorted({*AISLES, ""})
        phases = chance.random(len(aisles))
        phase = [phases[aisles.index(AISLE_OF_OFFER.get(offer, ""))] for offer in OFFERS]
        return World(
            about=ABOUT,
            files=read_directory(CATALOGUE),
            people=[Person(one.customer_id, one.attributes, _granted(one)) for one in self.people],
            channel="web",
            placement="home.shelf",
            actions=OFFERS,
            tastes=self.tastes + chance.normal(0.0, _HIDDEN, self.tastes.shape),
            seasons=np.column_stack([np.full(len(OFFERS), _SEASON), phase]),
            drifts=chance.normal(0.0, _DRIFT, len(OFFERS)),
            year=365.0,
        )


def grow(data: Path) -> Grown:
    """From the grocer's tables; the demo's model is kept in `data`. Raises Misconfigured where
    the tables are not installed."""
    prepared = prepare(data, _quietly)
    books = ledger(grocer := read(data_directory()))
    rows = sends(grocer)
    known = list(known_at_start(books, rows))
    model = HistGradientBoostingClassifier(
        categorical_features=[0, 1], max_iter=150, learning_rate=0.05, min_samples_leaf=100,
        random_state=0,
    )  # fmt: skip
    model.fit(
        np.array([_row(facts, row.offer) for row, facts in known]),
        [row.redeemed for row in rows],
    )
    now = attributes(books, AS_OF)
    people = [one for one in households(now) if consent(one.customer_id).get("marketing") == _YES]
    pairs = np.array([_row(one.attributes, offer) for one in people for offer in OFFERS])
    chances = model.predict_proba(pairs)[:, 1].reshape(len(people), len(OFFERS))
    tastes = np.clip(np.log(chances / (1 - chances)), -_FARTHEST, _FARTHEST)
    return Grown(people, tastes, prepared.artefact)


_YES = "granted"


def _granted(one: Household) -> tuple[str, ...]:
    return tuple(purpose for purpose, said in one.consent.items() if said == _YES)


def _row(facts: Mapping[str, Value], offer: str) -> list[float]:
    """What the truth looks at: the offer, the household, and the two together."""
    habit, buys = facts.get("coupon_habit"), facts.get("buys")
    return [
        OFFERS.index(offer),
        HABITS.index(str(habit)) if habit in HABITS else len(HABITS),
        float(isinstance(buys, list) and offer in buys),
        _number(facts, f"share_{AISLE_OF_OFFER.get(offer)}"),
        *(_number(facts, name) for name in _FIGURES),
    ]


def _number(facts: Mapping[str, Value], name: str) -> float:
    value = facts.get(name)
    return float(value) if isinstance(value, int | float) else float("nan")


def _quietly(what: str) -> AbstractContextManager[object]:  # noqa: ARG001 - nobody watches
    return nullcontext()
