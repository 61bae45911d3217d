"""What an interaction teaches: the customer's changed memory, and the reward for the models.

Pure. Nothing is learnt from an outcome of a decision that was never made, or of an action
it never showed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

from msgspec.structs import replace

from engine.domain import OUTCOMES, Action, Consent, Contacts, CustomerState, Interaction
from engine.errors import Rejected
from engine.memory.contacts import confirm, give_back, release
from engine.memory.interactions import remember_event
from engine.partitions import made_at
from engine.plan import Chosen, Filled
from engine.rules.consent import refused
from engine.rules.selecting import label_of
from engine.spelling import meant

AHEAD = 5 * 60 * 1000
"""How far, in ms, a caller's clock may be ahead of ours."""

ANSWERS = frozenset(
    ("click", "accept", "reject", "dismiss", "snooze", "convert", "complain", "unsubscribe")
)
"""Outcomes only a customer who saw the action can have caused."""

UNSEEN = frozenset(("not_sent", "bounced"))
"""Outcomes that say nothing of the customer's interest."""

Section = Literal["contacts", "events", "consent"]


class Learned(NamedTuple):
    """The customer afterwards, which sections moved, and the reward.

    `reward` is None when there is nothing to learn from: a free interaction, an outcome after
    the attribution window, or one that never reached the customer.
    """

    state: CustomerState
    changed: frozenset[Section]
    reward: float | None


class Place(Protocol):
    """A placement, as far as learning goes."""

    @property
    def channel(self) -> str: ...
    @property
    def counts(self) -> str: ...


class Rewards(Protocol):
    """What outcomes are worth, and for how long (ms) after the decision."""

    @property
    def positive(self) -> Mapping[str, float]: ...
    @property
    def attribution(self) -> int: ...


class Lessons(Protocol):
    """The catalogue, as far as learning goes. `retention`: how far back rows are kept, ms."""

    @property
    def actions(self) -> Sequence[Action]: ...
    @property
    def index(self) -> Mapping[str, int]: ...
    @property
    def placements(self) -> Mapping[str, Place]: ...
    @property
    def strategy(self) -> Rewards: ...
    @property
    def retention(self) -> int: ...


def learn(
    interaction: Interaction,
    offered: tuple[Filled, ...] | None,
    state: CustomerState,
    catalogue: Lessons,
    now: int,
) -> Learned:
    """Take in one interaction at `now` (ms, the store's clock).

    `offered` is what the decision it names answered, None when there is no such decision of
    this customer. Raises Rejected, with a sentence for the caller.
    """
    if interaction.at > now + AHEAD:
        raise Rejected("at is more than five minutes in the future; check the sender's clock")
    if interaction.type == "snooze" and 0 < interaction.until <= interaction.at:
        raise Rejected("until must be later than at: it is when the snooze ends")
    if interaction.decision_id:
        return _outcome(interaction, offered, state, catalogue, now)
    if interaction.type in OUTCOMES:
        raise Rejected(
            f"{interaction.type!r} is an outcome, so it needs the decision_id of what it answers"
        )
    return _free(interaction, state, catalogue, now)


def _free(interaction: Interaction, state: CustomerState, catalogue: Lessons, now: int) -> Learned:
    action = _known(interaction.action, catalogue)
    events = remember_event(state.events, interaction, action, now - catalogue.retention)
    return Learned(replace(state, events=events), frozenset({"events"}), None)


def _outcome(
    interaction: Interaction,
    offered: tuple[Filled, ...] | None,
    state: CustomerState,
    catalogue: Lessons,
    now: int,
) -> Learned:
    placement, chosen = _answered(interaction, offered)
    action = _known(chosen.action, catalogue) or Action(chosen.action, chosen.kind, None, None)
    place = catalogue.placements.get(placement)
    channel = place.channel if place else interaction.channel
    located = replace(interaction, placement=placement, channel=channel)
    keep_after = now - catalogue.retention
    after = replace(
        state,
        events=remember_event(state.events, located, action, keep_after),
        contacts=_contacts(located, action, place, state.contacts, keep_after),
        consent=_consent(interaction, state.consent, catalogue),
    )
    return Learned(after, _moved(state, after), _reward(interaction, catalogue.strategy))


def _answered(interaction: Interaction, offered: tuple[Filled, ...] | None) -> tuple[str, Chosen]:
    """Which of the decision's actions this answers, and where that was shown."""
    if interaction.type not in OUTCOMES:
        raise Rejected(f"{interaction.type!r} is no outcome{_nearest(interaction.type, OUTCOMES)}")
    if offered is None:
        raise Rejected("this customer has no such decision; it may be older than the record goes")
    shown = list(_shown(offered))
    matching = [one for one in shown if one[1].action == interaction.action]
    if not matching:
        names = sorted({chosen.action for _, chosen in shown})
        raise Rejected(
            f"the decision did not offer {interaction.action!r}"
            f"{_nearest(interaction.action, names)}"
        )
    if interaction.placement:
        places = [placement for placement, _ in matching]
        matching = [one for one in matching if one[0] == interaction.placement]
        if not matching:
            raise Rejected(
                f"the decision did not show {interaction.action!r} at "
                f"{interaction.placement!r}; it did at {', '.join(places)}"
            )
    if len(matching) > 1:
        places = [placement for placement, _ in matching]
        raise Rejected(f"name the placement: the action was shown at {', '.join(places)}")
    return matching[0]


def _shown(offered: tuple[Filled, ...]) -> Iterator[tuple[str, Chosen]]:
    for filled in offered:
        for chosen in filled.actions:
            yield filled.id, chosen


def _contacts(
    interaction: Interaction,
    action: Action,
    place: Place | None,
    contacts: Contacts,
    keep_after: int,
) -> Contacts:
    decision = interaction.decision_id
    label = label_of(action, interaction.channel, interaction.placement)
    if interaction.type == "not_sent":
        return release(give_back(contacts, decision, label), decision)
    if not _reached(interaction.type, place):
        return contacts
    counted = confirm(contacts, decision, label, made_at(decision), keep_after)
    return release(counted, decision) if interaction.type in ANSWERS else counted


def _reached(type: str, place: Place | None) -> bool:
    """Whether the contact did happen. What was given back and then delivered all the same, as by a
    second run of a mailing, which is answered as the first, counts again; where only what is seen
    counts, it does not."""
    if type == "delivered":
        return place is None or place.counts == "commit"
    return type == "impression" or type in ANSWERS


def _consent(
    interaction: Interaction, consent: dict[str, Consent], catalogue: Lessons
) -> dict[str, Consent]:
    """An opt-out is taken at once and whatever the clocks say (I4)."""
    if interaction.type != "unsubscribe":
        return consent
    no = Consent("denied", interaction.at, "unsubscribe")
    purposes = ended_by(interaction.action, catalogue)
    return {**consent, **{purpose: refused(consent.get(purpose), no) for purpose in purposes}}


def ended_by(action_id: str, catalogue: Lessons) -> set[str]:
    """What an unsubscribe from an action ends, whatever else is wrong with it: the action's
    purpose; every one there is when the action has left the catalogue."""
    action = _known(action_id, catalogue)
    asked = (action,) if action else catalogue.actions
    return {one.purpose for one in asked if one.purpose}


def _reward(interaction: Interaction, rewards: Rewards) -> float | None:
    late = interaction.at - made_at(interaction.decision_id) > rewards.attribution
    if late or interaction.type in UNSEEN:
        return None
    return rewards.positive.get(interaction.type, 0.0)


def _moved(before: CustomerState, after: CustomerState) -> frozenset[Section]:
    sections: tuple[Section, ...] = ("contacts", "events", "consent")
    return frozenset(one for one in sections if getattr(before, one) != getattr(after, one))


def _known(action_id: str, catalogue: Lessons) -> Action | None:
    index = catalogue.index.get(action_id)
    return None if index is None else catalogue.actions[index]


def _nearest(name: str, names: Sequence[str]) -> str:
    if hint := meant(name, names, "; ", repr):
        return hint
    return f"; there is {', '.join(names)}" if names else "; it offered nothing"
