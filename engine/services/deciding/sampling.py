"""A closer look at one decision in 128: what it lacked, and what was chosen on purpose."""

from __future__ import annotations

from collections.abc import Iterator

from engine.catalogue import Catalogue
from engine.domain import CustomerState
from engine.plan import DecisionRequest, Plan
from engine.services.ports import Watch

EVERY = 128
"""So that counting fields costs a decision next to nothing; shares are what counts."""

EVEN = 0.5


class Sample:
    """Counts in every 128th decision of this process. Not exact between threads."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._turn = 0

    def take(
        self, request: DecisionRequest, state: CustomerState, catalogue: Catalogue, plan: Plan
    ) -> None:
        """A decision was made of this; maybe count it."""
        self._turn += 1
        if self._turn % EVERY or request.mode != "live":
            return
        chances = [
            one.selection_probability for filled in plan.placements for one in filled.actions
        ]
        explored = sum(chance < EVEN for chance in chances)
        self._watch.sampled(len(chances), explored, list(lacking(request, state, catalogue)))


def lacking(request: DecisionRequest, state: CustomerState, catalogue: Catalogue) -> Iterator[str]:
    """The fields that rules and templates ask for and nobody told, as `customer.plan`."""
    for root, name in catalogue.asked:
        if root == "context":
            known = name in request.context
        else:
            known = name in state.attributes or name in request.attributes
        if not known:
            yield f"{root}.{name}"
