"""What the partitions' logs teach a learner that is told of answers one at a time.

Pure. An offer counts once. It counts at once when it is answered, and as unanswered when it was
waited for long enough (`patience`); an answer that comes later adds what it is worth, to the same
end as if it had been known. So nothing is lost where answers come late, nor counted twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from engine.change import Entry
from engine.domain import Action, Facts, Value
from engine.facts import learnable
from engine.learn import ANSWERS, UNSEEN
from engine.models.base import Model
from engine.models.beta import UNTRAINED
from engine.models.encoder import Encoder
from engine.models.online.instruction import instruct
from engine.models.online.learner import Learner
from engine.partitions import made_at
from engine.patience import SHARES, patience, share_of, taken_in
from engine.progress import START, Progress, order
from engine.record import DecisionRecord, InteractionRecord, Record, VoidRecord, legible

MOST_BYTES = 2**28
"""Of sums that are kept an action: what is offered beyond is not learned of."""

MOST_WORK = 2**29
"""Terms squared, each time a learner is told of an action beforehand: at most some seconds' work.
Where there is more it is told at fewer decisions, lest its lease ends and another begins again."""

_SAMPLES = 200

Columns = NDArray[np.float64]


class Prior(NamedTuple):
    """What a learner is told before what it learned may serve: what `model` expects of every
    action at `facts` decisions (see `MOST_WORK`), worth `worth` answers an action; `shared`: and
    of what they share."""

    model: Model
    facts: int
    worth: float
    shared: bool


def trained(model: Model) -> Prior:
    """A trained model's word weighs what did best, see docs/learning-figures.md."""
    return Prior(model, 200, 300.0, shared=True)


NOTHING_YET = Prior(UNTRAINED, 30, 30.0, shared=False)
"""Lest the first few refusals say that nothing is worth a contact, and nobody is asked again. What
actions share is expected to be so without being told, and less surely."""


class _Tagged(Struct):
    """The kind of a log entry, read without the rest: most entries are of a kind not asked for."""

    type: str


_tags = msgspec.msgpack.Decoder(_Tagged)


class Answer(NamedTuple):
    """What somebody said to an action of a decision: worth `reward`, None if it reached nobody."""

    decision_id: str
    action: str
    reward: float | None


class Course:
    """A learner together with how far it has read the logs, which it goes on reading.

    `actions`: the catalogue's, by id; others are left out. `defaults` stand in for attributes
    that were never told.
    """

    def __init__(
        self,
        learner: Learner,
        progress: Progress,
        actions: Mapping[str, Action],
        defaults: Mapping[str, Value],
    ) -> None:
        self.learner = learner
        self.progress = progress
        self.samples: deque[Facts] = deque(maxlen=_SAMPLES)
        self._actions = actions
        self._defaults = defaults
        self._encode = Encoder(learner.features).encode
        self._most = MOST_BYTES // (4 * learner.expand.size**2)

    def hear(self, entries: Iterable[Entry], decisions: Mapping[str, Entry]) -> None:
        """Learn from the answers among `entries`, the next ones of any partitions.

        `decisions`: the entries of those that `answered` names, as far as they are kept.
        """
        for entry in entries:
            match _other(entry, "decision"):
                case VoidRecord() as record:
                    self.progress.void.add(record.decision_id)
                case InteractionRecord() as record if said := _answer(record):
                    self._take(said, order(entry.id)[0], decisions.get(said.decision_id))
            self.progress.heard[entry.partition] = entry.id

    def count(self, entries: Iterable[Entry], shares: Collection[int]) -> None:
        """Learn that offers nobody answered are worth nothing, from the decisions among `entries`
        that are in these shares. All answers given so far must have been heard (`hear`) before."""
        reached = [self.progress.counted[share] for share in shares]
        for entry in entries:
            record = _one(entry, "decision") if share_of(entry) in shares else None
            if isinstance(record, DecisionRecord):
                self._pass(record)
            for one in reached:
                one[entry.partition] = entry.id

    def patience(self, delay: int | None, longest: int) -> tuple[int, ...]:
        """How old (ms, `longest` at most) an offer of each share is when it is to be counted:
        `delay`, None for as long as answers take."""
        if delay is not None:
            return (min(delay, longest),) * SHARES
        return patience(self.progress.delays, longest)

    def forget(self, keep: float) -> None:
        """Multiply the weight of everything learned so far by `keep`, 0 to 1."""
        self.learner.forget(keep)
        self.progress.weight *= keep

    def instruct(self, prior: Prior, actions: Sequence[Action]) -> bool:
        """Add what is expected of these actions (where that takes too much, of those learned of),
        once, as soon as enough decisions were seen to ask about; whether that was now."""
        if self.progress.instructed or len(self.samples) < prior.facts:
            return False
        told = Learner(self.learner.features, self.learner.expand.scale)
        some = actions if 2 * len(actions) <= self._most else list(self.learner.actions.values())
        each = max(len(some), 1) * self.learner.expand.size**2
        count = min(prior.facts, max(MOST_WORK // each, 1))
        facts = list(self.samples)[-count:]
        instruct(told, prior.model, some, facts, prior.worth, shared=prior.shared)
        self.learner.merge(told)
        self.progress.instructed = prior.model.version
        self.progress.fresh += 1
        return True

    def let_go(self, before: int) -> None:
        """Drop what is kept of decisions made before that (ms): no answer to them comes now."""
        held = self.progress.rewards
        self.progress.rewards = {id: said for id, said in held.items() if made_at(id) >= before}
        self.progress.void = {id for id in self.progress.void if made_at(id) >= before}

    def _take(self, said: Answer, at: int, entry: Entry | None) -> None:
        """Learn from an answer given at that time (ms). `entry`: the decision it answers, None
        when that is no longer kept, and then nothing is learned."""
        record = legible(entry.data) if entry else None
        if entry is None or not isinstance(record, DecisionRecord):
            return
        if said.reward:
            taken_in(self.progress.delays, at - order(entry.id)[0])
        offered = self.progress.rewards.get(said.decision_id, {})
        reached = self.progress.counted[share_of(entry)]
        counts = order(entry.id) <= order(reached.get(entry.partition, START))
        if said.action in offered or counts:
            before = offered.get(said.action, 0.0)
            if before is not None and said.reward is not None:
                self._add(said, before, record)
        elif said.reward is None:
            self._note(said, None)
        elif self._learn(self._columns(record, first=not offered), said.action, said.reward):
            self._note(said, said.reward)

    def _add(self, said: Answer, before: float, record: DecisionRecord) -> None:
        """Add to an offer that counts already: by an earlier answer, worth `before`, or as one
        that was taken for unanswered."""
        after = min(before + (said.reward or 0.0), 1.0)
        x = self._columns(record) if after > before else None
        if x is not None and said.action in self.learner.actions:
            self.learner.more(x, said.action, before, after - before)
            self.progress.fresh += 1
            self._note(said, after)

    def _note(self, said: Answer, reward: float | None) -> None:
        self.progress.rewards.setdefault(said.decision_id, {})[said.action] = reward

    def _pass(self, record: DecisionRecord) -> None:
        offered = [one.action for filled in record.plan.placements for one in filled.actions]
        said = self.progress.rewards.get(record.decision_id, {})
        left = [action for action in offered if action not in said]
        if left and not record.plan.repeat and record.decision_id not in self.progress.void:
            x = self._columns(record, first=not said)
            for action in left:
                self._learn(x, action, 0.0)

    def _learn(self, x: Columns | None, action_id: str, reward: float) -> bool:
        """Learn that the action earned `reward` there; False where that cannot be learned from: no
        columns, an action not of the catalogue, or one more than there is room for."""
        learner, action = self.learner, self._actions.get(action_id)
        if x is None or action is None:
            return False
        if learner.actions.get(action_id) != action:
            if action_id not in learner.actions and len(learner.actions) >= self._most:
                return False
            learner.know([action])
        learner.learn(x, action_id, min(reward, 1.0))
        self.progress.answers += 1
        self.progress.weight += 1.0
        self.progress.fresh += 1
        return True

    def _columns(self, record: DecisionRecord, first: bool = False) -> Columns | None:
        """The decision's facts as the learner's columns; None where nobody may learn from it.
        `first`: nothing was learned from this decision yet, so its facts are new to the learner,
        too."""
        facts = learnable(record, self._defaults)
        if facts is None:
            return None
        x = np.array(self._encode(facts))
        if first:
            self.learner.expand.see(x)
            self.samples.append(facts)
        return x


def answered(entries: Sequence[Entry]) -> list[str]:
    """The ids of the decisions that answers among `entries` belong to, each once."""
    records = (_one(entry, "interaction") for entry in entries)
    said = (_answer(record) for record in records if isinstance(record, InteractionRecord))
    return list(dict.fromkeys(one.decision_id for one in said if one))


def due(fresh: int, weight: float, since: int, longest: int) -> bool:
    """Whether a snapshot is worth taking: a hundredth more was learned since the last one, or
    anything at all and that was `longest` ago (both ms)."""
    return fresh > 0 and (100 * fresh >= weight or since >= longest)


def _one(entry: Entry, kind: str) -> Record | None:
    """The entry's record, if it is of that kind and can be read."""
    return legible(entry.data) if _kind(entry) == kind else None


def _other(entry: Entry, kind: str) -> Record | None:
    """The entry's record, unless it is of that kind or cannot be read."""
    return None if _kind(entry) == kind else legible(entry.data)


def _kind(entry: Entry) -> str:
    try:
        return _tags.decode(entry.data).type
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _answer(record: InteractionRecord) -> Answer | None:
    """None for what says nothing of interest: that it was seen, or what answers no decision.

    A "no" is an answer like a "yes": there is nothing to wait for.
    """
    said = record.interaction
    if not said.decision_id or (record.reward is None and said.type not in UNSEEN):
        return None
    if record.reward == 0.0 and said.type not in ANSWERS:
        return None
    return Answer(said.decision_id, said.action, record.reward)
