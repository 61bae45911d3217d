"""What a learner is told before answers of its own: a trained model, or that little is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from engine.domain import Action, Facts
from engine.models.base import Model
from engine.models.beta import UNTRAINED
from engine.models.online.instruction import instruct
from engine.models.online.learner import Learner

MOST_WORK = 2**29
"""Terms squared, each time a learner is told of an action beforehand: at most some seconds' work.
Where there is more it is told at fewer decisions, lest its lease ends and another begins again."""


class Prior(NamedTuple):
    """What a learner is told before what it learned may serve: what `model` expects of every
    action at `facts` decisions (see `MOST_WORK`), worth `worth` answers an action; `shared`: and
    of what they share."""

    model: Model
    facts: int
    worth: float
    shared: bool

    def taught(
        self, learner: Learner, actions: Sequence[Action], facts: Sequence[Facts]
    ) -> Learner:
        """A learner that knows nothing else, and looks at the same columns as `learner`, once told
        of these actions at the latest of these facts."""
        told = Learner(learner.features, learner.expand.scale)
        each = max(len(actions), 1) * learner.expand.size**2
        count = min(self.facts, max(MOST_WORK // each, 1))
        instruct(told, self.model, actions, facts[-count:], self.worth, shared=self.shared)
        return told


def trained(model: Model) -> Prior:
    """A trained model's word weighs what did best, see docs/learning-figures.md."""
    return Prior(model, 200, 300.0, shared=True)


NOTHING_YET = Prior(UNTRAINED, 30, 30.0, shared=False)
"""Lest the first few refusals say that nothing is worth a contact, and nobody is asked again. What
actions share is expected to be so without being told, and less surely."""
