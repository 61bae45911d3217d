"""A house whose customers' true responses are known, and a month of decisions in its logs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from engine import record
from engine.change import Change
from engine.codec import pack_attributes, pack_consent
from engine.decide import decide
from engine.directory import check_directory
from engine.domain import Interaction
from engine.models.base import Model
from engine.models.beta import UNTRAINED
from engine.models.features import Category, Feature
from engine.models.logistic import LogisticArtefact, Term
from engine.partitions import new_decision_id
from engine.plan import DecisionRequest, PlacementAsk
from engine.record import DecisionRecord, InteractionRecord, Record
from engine.situation import bound
from engine.store import Store
from tests.builders import NOW, action, customer, files

DAY = 86_400_000
PLANS = ("basic", "plus")
NAMES = ("a", "b", "c")
RATES = {"basic": {"a": 0.35, "b": 0.05, "c": 0.15}, "plus": {"a": 0.05, "b": 0.4, "c": 0.15}}
"""Who accepts what, with which probability."""

FLOOR = 0.6
HERO = {"id": "home.hero", "channel": "web", "fallback": {}}


def write_catalogue(directory: Path, **overrides: Any) -> Path:
    """Three offers, the first worth a little more than the others; a lot of exploration."""
    directory.mkdir()
    offers = [action(name, value=3.0 - 0.1 * number) for number, name in enumerate(NAMES)]
    defaults = {
        "actions": offers,
        "placements": [HERO],
        "strategy": {
            "exploration": {"method": "epsilon", "floor": FLOOR},
            "positive": {"accept": 1.0},
            "attribution": "7d",
        },
    }
    for name, content in files(**(defaults | overrides)).items():
        (directory / name).write_bytes(content)
    return directory


def for_each_plan() -> list[dict[str, Any]]:
    """The same offers, but `a` for those on plus and `b` for those on basic are not eligible."""
    only = {"a": "customer.plan == 'basic'", "b": "customer.plan == 'plus'"}
    return [
        action(name, value=3.0, eligibility=[only[name]] if name in only else []) for name in NAMES
    ]


def knowing(turned: float = 1.0) -> bytes:
    """The artefact of a logistic model that knows the rates; `turned` -1: the other way round."""
    logits = {
        name: [float(np.log(RATES[plan][name] / (1 - RATES[plan][name]))) for plan in PLANS]
        for name in NAMES
    }
    artefact = LogisticArtefact(
        features=(Feature("plan", "customer.plan", Category(PLANS), by=("id",)),),
        intercept=0.0,
        coefficients=(0.0, 0.0),
        id={name: Term(0.0, tuple(turned * x for x in logits[name])) for name in NAMES},
    )
    return msgspec.json.encode(artefact)


def earned_by(chances: dict[str, dict[str, float]]) -> float:
    """The true value of a decision by a policy: the chance of each action, by plan."""
    return float(
        np.mean([sum(RATES[plan][one] * p for one, p in chances[plan].items()) for plan in PLANS])
    )


def explored(best: str, names: tuple[str, ...] = NAMES) -> dict[str, float]:
    """What epsilon exploration makes of the best of these."""
    return {name: FLOOR / len(names) + (1 - FLOOR) * (name == best) for name in names}


class World:
    """Decides and answers from `NOW` on, and logs both; every draw follows from `seed` and from
    that moment, which ids tell."""

    def __init__(self, store: Store, catalogue: Path, seed: int = 4) -> None:
        self._store = store
        self._rng = np.random.default_rng(seed)
        self.catalogue = check_directory(catalogue)
        self.now = NOW
        self.earned: list[float] = []

    def live_through(
        self, decisions: int, model: Model = UNTRAINED, customers: int = 400, slots: int = 1
    ) -> None:
        """So many decisions by a model, each answered at once."""
        live = bound(self.catalogue, model)
        for _ in range(decisions):
            number = int(self._rng.integers(customers))
            plan = PLANS[number % len(PLANS)]
            self.now += 60_000
            state = customer(f"c-{number}", attributes={"plan": plan})
            asks = (PlacementAsk("home.hero", slots),)
            request = DecisionRequest(state.customer_id, "web", asks)
            seed = self._rng.bytes(8)
            decision_id = new_decision_id(state.customer_id, self.now, seed)
            made = decide(request, state, live, self.now, decision_id)
            sections = {
                "attributes": pack_attributes(state.attributes),
                "consent": pack_consent(state.consent),
            }
            entry = DecisionRecord(
                decision_id, request, sections, 1, self.now, live.catalogue.digest,
                dict(live.versions), made,
            )  # fmt: skip
            answers = [
                self._answer(entry, chosen.action)
                for filled in made.placements
                for chosen in filled.actions
                if self._rng.random() < RATES[plan][chosen.action]
            ]
            self.earned.append(float(len(answers)))
            self.write(state.customer_id, entry, *answers)

    def write(self, customer_id: str, *records: Record) -> None:
        """One commit with these records."""
        loaded = self._store.load(customer_id)
        first, *others = [record.encode(one) for one in records]
        change = Change(
            customer_id, loaded.state.revision, {}, loaded.now, first, None, DAY, (), others
        )
        self._store.commit(change)

    def _answer(self, entry: DecisionRecord, action: str) -> InteractionRecord:
        said = Interaction(
            f"{entry.decision_id}-{action}", "accept", self.now + 1_000, entry.decision_id, action
        )
        return InteractionRecord(entry.request.customer_id, said, 1.0, self.now)
