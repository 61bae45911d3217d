"""The one decision function: what to offer one customer, in one channel, now.

Pure. Web, batch and agent run the same function; time, chance and settings are arguments,
so that the same arguments give the same plan on every machine and every day (I7).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from itertools import chain

import msgspec

from engine import explain
from engine.catalogue import Catalogue
from engine.domain import Contacts, CustomerState
from engine.facts import impersonal
from engine.filling import Choose, Filling, Pick, draw, fill
from engine.memory.contacts import held, remember_contacts
from engine.plan import Chosen, DecisionRequest, Filled, Plan
from engine.situation import Live, Situation, survey


def decide(
    request: DecisionRequest, state: CustomerState, live: Live, now: int, decision_id: str
) -> Plan:
    """Choose for every placement of `request`, in its order, each seeing what the earlier took.

    `now` is the store's clock in milliseconds; every draw derives from `decision_id`. The
    request's placements exist and are of its channel, its attributes are of the schema.
    """
    ask = _ask(request, state, live.catalogue)
    if earlier := _still_held(request, state, live, now, ask):
        return Plan(decision_id, (), repeat=earlier)
    situation = survey(request, state, live, now, state.contacts)
    fillings = fill_all(request, situation, decision_id)
    return Plan(
        decision_id,
        tuple([_answer(filling, situation, request.explain != "none") for filling in fillings]),
        explain.everything(fillings, situation) if request.explain == "full" else None,
        _contacts(fillings, state.contacts, live.catalogue, decision_id, now, ask)
        if request.mode == "live"
        else None,
        tuple(chain.from_iterable([filling.ranking for filling in fillings])),
        situation.features,
    )


def fill_all(
    request: DecisionRequest, situation: Situation, decision_id: str, choose: Choose = draw
) -> list[Filling]:
    """The request's placements, in its order; `choose` has the last word on every slot."""
    fillings: list[Filling] = []
    taken = 0
    for ask in request.placements:
        placement = situation.live.catalogue.placements[ask.id]
        slots = placement.slots if ask.slots is None else ask.slots
        filling = fill(placement, slots, situation, taken, decision_id, choose)
        fillings.append(filling)
        taken |= filling.mask
    return fillings


def _answer(filling: Filling, situation: Situation, explained: bool) -> Filled:
    if not filling.picks:
        return Filled(filling.placement.id, True, content=filling.placement.fallback)
    ranks = enumerate(filling.picks, start=1)
    actions = (_chosen(rank, pick, filling, situation, explained) for rank, pick in ranks)
    return Filled(filling.placement.id, False, tuple(actions))


def _chosen(
    rank: int, pick: Pick, filling: Filling, situation: Situation, explained: bool
) -> Chosen:
    action = situation.live.catalogue.actions[pick.action]
    return Chosen(
        action=action.id,
        kind=action.kind,
        treatment=filling.placement.treatments[pick.action].id,
        rank=rank,
        content=pick.content,
        propensity=situation.propensities.item(pick.action),
        value=situation.values.item(pick.action),
        priority=situation.priority.item(pick.action),
        selection_probability=pick.chance,
        reasons=explain.chosen(pick, situation) if explained else (),
    )


def _contacts(
    fillings: Sequence[Filling],
    contacts: Contacts,
    catalogue: Catalogue,
    decision_id: str,
    now: int,
    ask: str,
) -> Contacts | None:
    """The customer's contacts with this decision's; None when it contacts nobody."""
    chosen = [filling for filling in fillings if filling.picks]
    for filling in chosen:
        place = filling.placement
        held_back = place.counts == "impression"
        contacts = remember_contacts(
            contacts,
            [(catalogue.actions[pick.action], place.channel, place.id) for pick in filling.picks],
            decision_id,
            now,
            now + place.hold if held_back else 0,
            ask if held_back else "",
            now - catalogue.reach,
        )
    return contacts if chosen else None


def _ask(request: DecisionRequest, state: CustomerState, catalogue: Catalogue) -> str:
    """What is asked, digested, where the answer may be held; empty where it is not.

    Whether the customer may be told apart is part of it: an answer made by a model is not
    given again to someone who has refused that since.
    """
    if request.mode != "live" or not any(
        catalogue.placements[ask.id].counts == "impression" for ask in request.placements
    ):
        return ""
    asked = (
        request.channel,
        request.placements,
        request.context,
        request.attributes,
        impersonal(request, state),
    )
    text = msgspec.json.encode(asked, order="deterministic")
    return blake2b(text, digest_size=8).hexdigest()


def _still_held(
    request: DecisionRequest, state: CustomerState, live: Live, now: int, ask: str
) -> str | None:
    """The decision that answered this same ask, while its hold lasts and all of it still stands.

    Its own holds are left out of the count, so that asking again uses nothing up; whatever
    happened since (a rejection, an opt-out) makes a new decision.
    """
    earlier = held(state.contacts, ask, now) if ask else None
    if earlier is None:
        return None
    contacts = state.contacts
    others = tuple(row for row in contacts.rows if row.decision != earlier)
    situation = survey(request, state, live, now, Contacts(contacts.labels, others))
    offered = [contacts.labels[row.label] for row in contacts.rows if row.decision == earlier]
    stands = all(situation.allows(label.action, label.placement) for label in offered)
    return earlier if stands else None
