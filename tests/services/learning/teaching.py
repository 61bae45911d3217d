"""Log entries as the house writes them, and what a learner makes of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from engine import record
from engine.catalogue.features import features_of
from engine.change import Entry
from engine.codec import pack_attributes, pack_consent
from engine.domain import Consent, Interaction
from engine.facts import learnable
from engine.models.encoder import Encoder
from engine.models.online.learner import Learner
from engine.partitions import new_decision_id, partition_of
from engine.patience import SHARES
from engine.plan import Chosen, DecisionRequest, Filled, Mode, PlacementAsk, Plan
from engine.progress import Progress
from engine.record import DecisionRecord, InteractionRecord, Record, VoidRecord, decode
from engine.teaching.answers import answered
from engine.teaching.course import Course
from tests.builders import NOW, action, catalogue

CATALOGUE = catalogue(actions=[action("apples"), action("berries"), action("cherries")])
ACTIONS = {one.id: one for one in CATALOGUE.actions}
FEATURES = features_of(CATALOGUE)


class Log:
    """The partitions' logs, in memory."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._numbers = itertools.count(1)

    def add(self, customer: str, entry: Record) -> Entry:
        number = next(self._numbers)
        made = Entry(partition_of(customer), f"{NOW + number}-0", record.encode(entry))
        self.entries.append(made)
        return made

    def decide(
        self,
        customer: str,
        *actions: str,
        plan: str = "basic",
        refused: bool = False,
        mode: Mode = "live",
        repeat: str | None = None,
    ) -> str:
        """A decision that showed these actions; its id."""
        number = next(self._numbers)
        made = new_decision_id(customer, NOW, number.to_bytes(8, "big"))
        shown = tuple(
            Chosen(one, "offer", "t", rank, {}, 0.1, 1.0, 1.0, 0.5)
            for rank, one in enumerate(actions, 1)
        )
        state = {"attributes": pack_attributes({"plan": plan})}
        if refused:
            state["consent"] = pack_consent({"personalisation": Consent("denied", NOW, "test")})
        ask = DecisionRequest(customer, "web", (PlacementAsk("home.hero"),), mode=mode)
        plan_made = Plan(made, (Filled("home.hero", not shown, shown),), repeat=repeat)
        entry = DecisionRecord(made, ask, state, 1, NOW, "c", {"propensity": "m"}, plan_made)
        self.add(customer, entry)
        return made

    def answer(self, customer: str, decision: str, action: str, type: str, reward: Any) -> None:
        """An outcome, worth `reward` to learning."""
        said = Interaction(f"{len(self.entries)}", type, NOW, decision, action, "home.hero", "web")
        self.add(customer, InteractionRecord(customer, said, reward, NOW))

    def void(self, customer: str, decision: str) -> None:
        self.add(customer, VoidRecord(decision, customer, NOW))

    def decisions(self) -> dict[str, Entry]:
        found = ((record.decode(one.data), one) for one in self.entries)
        return {made.decision_id: one for made, one in found if isinstance(made, DecisionRecord)}

    def of(self, partitions: Iterable[int]) -> list[Entry]:
        wanted = set(partitions)
        return [one for one in self.entries if one.partition in wanted]


def course(learner: Learner | None = None, progress: Progress | None = None) -> Course:
    """A learner at the beginning of its course."""
    return Course(learner or Learner(FEATURES), progress or Progress(), ACTIONS, {})


def hear(of: Course, log: Log, entries: Iterable[Entry] | None = None) -> None:
    """All the answers in the log, or among these entries."""
    some = list(log.entries if entries is None else entries)
    decisions: Mapping[str, Entry] = log.decisions()
    of.hear(some, {id: decisions[id] for id in answered(some) if id in decisions})


def count(of: Course, entries: Iterable[Entry]) -> None:
    """All the offers among these entries, whatever their share."""
    of.count(entries, range(SHARES))


def seen(of: Course) -> dict[str, float]:
    """How many offers of each action were learned of."""
    return {id: arm.seen for id, arm in of.learner.snapshot().arms.items()}


def expected(of: Course, log: Log, decision: str) -> dict[str, float]:
    """The propensities of that decision's customer, by action."""
    entry = decode(log.decisions()[decision].data)
    assert isinstance(entry, DecisionRecord)
    facts = learnable(entry, {})
    assert facts is not None
    x = np.array(Encoder(of.learner.features).encode(facts))
    means, _ = of.learner.belief.about(x, of.learner.expand(x))
    return dict(zip(of.learner.actions, means.tolist(), strict=True))
