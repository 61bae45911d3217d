"""A learner together with how far it has read the logs: hearing answers, counting offers."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.change import Entry
from engine.domain import Action, Facts, Value
from engine.facts import learnable
from engine.models.encoder import Encoder
from engine.models.online.learner import Learner
from engine.partitions import made_at
from engine.patience import SHARES, patience, share_of, taken_in
from engine.progress import START, Progress, order
from engine.record import DecisionRecord, InteractionRecord, VoidRecord, legible
from engine.teaching.answers import Answer, answer_in, of_kind, of_other_kind
from engine.teaching.priors import Prior

MOST_BYTES = 2**28
"""Of sums that are kept an action: what is offered beyond is not learned of."""

_SAMPLES = 200

Columns = NDArray[np.float64]


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
            match of_other_kind(entry, "decision"):
                case VoidRecord() as record:
                    self.progress.void.add(record.decision_id)
                case InteractionRecord() as record if said := answer_in(record):
                    self._take(said, order(entry.id)[0], decisions.get(said.decision_id))
            self.progress.heard[entry.partition] = entry.id

    def count(self, entries: Iterable[Entry], shares: Collection[int]) -> None:
        """Learn that offers nobody answered are worth nothing, from the decisions among `entries`
        that are in these shares. All answers given so far must have been heard (`hear`) before."""
        reached = [self.progress.counted[share] for share in shares]
        for entry in entries:
            record = of_kind(entry, "decision") if share_of(entry) in shares else None
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
        some = actions if 2 * len(actions) <= self._most else list(self.learner.actions.values())
        self.learner.merge(prior.taught(self.learner, some, list(self.samples)))
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


def due(fresh: int, weight: float, since: int, longest: int) -> bool:
    """Whether a snapshot is worth taking: a hundredth more was learned since the last one, or
    anything at all and that was `longest` ago (both ms)."""
    return fresh > 0 and (100 * fresh >= weight or since >= longest)
