"""The house's own traffic, from the store's logs: what was decided, and what came of it.

Only the logs hold the state a decision was made from, so only they can answer for another
catalogue; they go back as far as they are kept (two weeks or so), the archive further.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nlargest
from typing import NamedTuple, Protocol

from engine.change import Entry
from engine.errors import NotFound
from engine.learn import UNSEEN
from engine.partitions import PARTITIONS
from engine.record import DecisionRecord, InteractionRecord, Record, VoidRecord, legible

_START = "0-0"
_COUNT = 500


Rewards = Mapping[tuple[str, str], float]
"""What came of each action shown, by decision and action; nothing, of what is not there."""


class Log(Protocol):
    """The store's logs."""

    def read(self, after: Mapping[int, str], count: int) -> Sequence[Entry]: ...


class Traffic(NamedTuple):
    """Live decisions whose attribution window has closed, in order of time."""

    decisions: Sequence[DecisionRecord]
    rewards: Rewards

    def since(self, at: int) -> Traffic:
        """Those made at `at` (ms) or later."""
        return self._replace(decisions=[one for one in self.decisions if one.now >= at])


def read_traffic(log: Log, *, now: int, window: int, most: int) -> Traffic:
    """The latest `most` decisions made at least `window` ms before `now`, with what they earned
    in that time. Raises NotFound, saying what is missing, where there is none.

    Left out: what was answered again, was never confirmed, or is known to have reached nobody.
    """
    decided: dict[str, DecisionRecord] = {}
    answers: list[InteractionRecord] = []
    gone: set[str] = set()
    for record in _records(log):
        if isinstance(record, DecisionRecord) and record.request.mode == "live":
            decided[record.decision_id] = record
        elif isinstance(record, InteractionRecord) and record.interaction.decision_id:
            answers.append(record)
        elif isinstance(record, VoidRecord):
            gone.add(record.decision_id)
    gone |= {a.interaction.decision_id for a in answers if a.interaction.type in UNSEEN}
    made = [one for one in decided.values() if not one.plan.repeat and one.decision_id not in gone]
    closed = [one for one in made if one.now + window <= now]
    if not closed:
        raise NotFound(_missing(len(made)))
    latest = nlargest(most, closed, key=_when)
    return Traffic(sorted(latest, key=_when), _earned(answers, decided, window))


def _earned(
    answers: Iterable[InteractionRecord], decided: Mapping[str, DecisionRecord], window: int
) -> dict[tuple[str, str], float]:
    earned: defaultdict[tuple[str, str], float] = defaultdict(float)
    for one in answers:
        said, decision = one.interaction, decided.get(one.interaction.decision_id)
        if decision is not None and one.reward and said.at - decision.now <= window:
            offer = said.decision_id, said.action
            earned[offer] = min(earned[offer] + one.reward, 1.0)  # as the learner counts them
    return earned


def _records(log: Log) -> Iterator[Record]:
    """Every entry there is that can be read."""
    for partition in range(PARTITIONS):
        last = _START
        while entries := log.read({partition: last}, _COUNT):
            for entry in entries:
                record = legible(entry.data)
                if record is not None:
                    yield record
            last = entries[-1].id


def _when(record: DecisionRecord) -> tuple[int, str]:
    return record.now, record.decision_id


def _missing(made: int) -> str:
    if not made:
        return (
            "the store's logs hold no decision: is this the store that `teller serve` uses, and "
            "was anything decided since the logs were last trimmed?"
        )
    return (
        f"the attribution window of all {made:,} decisions in the store's logs is still open: "
        "wait for it to close, or judge by a shorter time with --within"
    )
