"""Another catalogue, other models, levers or caps on recorded traffic: their chances of it.

Pure. The rows feed the estimators of slates: `decision` and `slot` say which slots belong
together, `logged` and `target` are conditional on the slots before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.codec import unpack
from engine.decide import fill_all
from engine.filling import Choose, Filling
from engine.plan import Chosen, DecisionRequest
from engine.record import DecisionRecord
from engine.situation import Live, survey

NOTHING = ""
"""The action of a slot that stayed empty."""

UNKNOWN = -1
"""The number of an action that the catalogue does not have."""


class SlotChance(NamedTuple):
    """A recorded slot: what it got, with which chance then, and which it would have had."""

    decision: str
    slot: int
    placement: str
    action: str
    logged: float
    target: float


def target_probabilities(record: DecisionRecord, live: Live) -> tuple[SlotChance, ...]:
    """The chances `live` gives to what `record` shows, each given the slots before it.

    The customer, the moment and the decision's id are the record's, so that what was learnt
    and used up until then is taken as it was; what `live` would have changed before is not.
    Slots count through all placements. A placement that got fewer actions than `live` has
    slots is followed by a row of `NOTHING`: its chance is 1 where `live` has nothing left
    either, else 0. A repeated answer chose nothing anew: no rows. Content that cannot be
    rendered has no chance.
    """
    if record.plan.repeat:
        return ()
    known = live.catalogue.placements
    asks = tuple(ask for ask in record.request.placements if ask.id in known)
    request = msgspec.structs.replace(record.request, placements=asks)
    told = _Told({filled.id: filled.actions for filled in record.plan.placements}, live)
    fillings = _followed(record, request, live, told)
    rows = enumerate(_rows(record, live, told, fillings), start=1)
    return tuple(SlotChance(record.decision_id, slot, *row) for slot, row in rows)


def first_chances(record: DecisionRecord, live: Live) -> dict[str, float]:
    """The chance that `live` gives to each action at the first slot of the first placement, and
    to `NOTHING`; the customer and the moment are the record's."""
    first, *_ = record.request.placements
    if first.id not in live.catalogue.placements:
        return {NOTHING: 1.0}
    request = msgspec.structs.replace(record.request, placements=(first,))
    found: dict[str, float] = {}

    def note(
        contest: NDArray[np.intp],
        chances: NDArray[np.float64],
        decision_id: str,  # noqa: ARG001 - nothing is drawn
        slot: str,  # noqa: ARG001 - there is one
    ) -> None:
        names = [live.catalogue.actions[i].id for i in contest.tolist()]
        found.update(zip(names, chances.tolist(), strict=True))

    _filled(record, request, live, note)
    return found or {NOTHING: 1.0}


class _Told:
    """Gives every slot what the record shows, and notes the chance of that."""

    def __init__(self, shown: Mapping[str, tuple[Chosen, ...]], live: Live) -> None:
        index = live.catalogue.index
        self._wanted = {
            f"{placement}/{chosen.rank}": index.get(chosen.action, UNKNOWN)
            for placement, actions in shown.items()
            for chosen in actions
        }
        self.chances: dict[str, float] = {}

    def __call__(
        self,
        contest: NDArray[np.intp],
        chances: NDArray[np.float64],
        decision_id: str,  # noqa: ARG002 - nothing is drawn
        slot: str,
    ) -> int | None:
        found = np.flatnonzero(contest == self._wanted.get(slot, UNKNOWN))
        self.chances[slot] = float(chances[found].sum())
        return int(found[0]) if len(found) else None


def _followed(
    record: DecisionRecord, request: DecisionRequest, live: Live, told: _Told
) -> dict[str, Filling]:
    fillings = _filled(record, request, live, told)
    return {filling.placement.id: filling for filling in fillings}


def _filled(
    record: DecisionRecord, request: DecisionRequest, live: Live, choose: Choose
) -> list[Filling]:
    state = unpack(request.customer_id, record.state)
    situation = survey(request, state, live, record.now, state.contacts)
    return fill_all(request, situation, record.decision_id, choose)


def _rows(
    record: DecisionRecord, live: Live, told: _Told, fillings: Mapping[str, Filling]
) -> Iterator[tuple[str, str, float, float]]:
    """Placement, action, logged and target chance of every slot."""
    actions = live.catalogue.actions
    for filled in record.plan.placements:
        filling = fillings.get(filled.id)
        placed = [actions[pick.action].id for pick in filling.picks] if filling else []
        for chosen in filled.actions:
            shown = placed[chosen.rank - 1 : chosen.rank] == [chosen.action]
            target = told.chances[f"{filled.id}/{chosen.rank}"] if shown else 0.0
            yield filled.id, chosen.action, chosen.selection_probability, target
        more = f"{filled.id}/{len(filled.actions) + 1}" in told.chances
        if more or not filled.actions:
            yield filled.id, NOTHING, 1.0, 0.0 if more or not filling else 1.0
