"""Contacts, events and actions to ask contact policies about."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from engine.domain import (
    Action,
    Contact,
    Contacts,
    Event,
    EventLabel,
    Events,
    Facts,
    Label,
    Selector,
    Tally,
    Value,
)
from engine.rules.contact import ContactCheck, ContactPolicies
from engine.rules.limits import Policy
from engine.rules.masks import indices
from engine.rules.windows import DAY, Sliding

LISBON = ZoneInfo("Europe/Lisbon")
ACTIONS = (
    Action("fibre", "offer", "upgrade", "marketing"),
    Action("plus", "offer", "upgrade", "marketing"),
    Action("retain", "offer", None, "marketing"),
    Action("status", "service", None, None),
)
OFFERS = Selector(kind=frozenset({"offer"}))
EVERYTHING = Selector()
WEEK = Sliding(7 * DAY)
NO_CONTACTS = Contacts()
NO_EVENTS = Events()


class Evaluation(NamedTuple):
    """Which conditions are false, which unknown."""

    false: list[int]
    unknown: list[int]


def at(text: str, zone: ZoneInfo = LISBON) -> int:
    """A time on a zone's clock, in milliseconds."""
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


NOW = at("2026-06-10T12:00")


def label(action: str, channel: str = "web", placement: str = "home") -> Label:
    """How an action is remembered; one that is not in `ACTIONS` is an upgrade."""
    known = {one.id: one for one in ACTIONS}
    one = known.get(action, Action(action, "offer", "upgrade", None))
    return Label(one.id, one.kind, one.group or "", channel, placement)


def contacted(*rows: tuple[int, Label], until: int = 0) -> Contacts:
    """A memory with contacts at those times, kept or held until then."""
    ordered = sorted(rows, key=lambda row: row[0])
    return Contacts(
        tuple(label for _, label in ordered),
        tuple(Contact(when, index, "d", until) for index, (when, _) in enumerate(ordered)),
    )


def happened(type: str, action: str, when: int, until: int = 0, channel: str = "web") -> Events:
    """A memory with one event of an action."""
    it = label(action, channel)
    row = EventLabel(type, it.action, it.kind, it.group, it.channel, it.placement)
    return Events((row,), (Event(when, 0, until),), (Tally(1, when),))


def check(
    policy: Policy | list[Policy],
    contacts: Contacts = NO_CONTACTS,
    events: Events = NO_EVENTS,
    customer: dict[str, Value] | None = None,
    now: int = NOW,
    channel: str = "web",
    false: tuple[int, ...] = (),
) -> ContactCheck:
    """What the policies say; the defaults are of a customer nothing is known of."""
    policies = policy if isinstance(policy, list) else [policy]
    facts = Facts(customer or {}, {}, events, channel, now)
    return ContactPolicies(policies, ACTIONS).check(contacts, facts, Evaluation([*false], []))


def out(check: ContactCheck, placement: str = "home") -> set[str]:
    """The ids of the actions kept out of a placement."""
    return {
        ACTIONS[index].id
        for knockout in check.knockouts(placement)
        for index in indices(knockout.mask).tolist()
    }
