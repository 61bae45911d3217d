"""The contact policies once more, straight from their definitions in docs/contact.md.

Contact by contact and action by action, without masks, bisection or shared code, so that
engine.rules.contact has something to agree with. Slow on purpose.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from engine.domain import Action, Selector
from engine.rules.limits import Cap, KeepOut, Policy, Quiet, Rest
from engine.rules.windows import Calendar, Window


@dataclass(frozen=True)
class Happening:
    """A contact or an outcome as it was; `until` ends a hold (0: for good) or a snooze."""

    at: int
    action: str
    kind: str
    group: str
    channel: str
    placement: str
    until: int = 0
    type: str = "contact"


@dataclass(frozen=True)
class Customer:
    contacts: Collection[Happening]
    outcomes: Collection[Happening]
    false: Collection[int]
    attributes: Mapping[str, object]


def kept_out(
    policies: Iterable[Policy],
    actions: Iterable[Action],
    customer: Customer,
    now: int,
    channel: str,
    placement: str,
) -> set[tuple[str, str]]:
    """Every (policy id, action id) where that policy alone keeps that action out of that place."""
    out = set()
    for action in actions:
        here = Happening(now, action.id, action.kind, action.group or "", channel, placement)
        if any(
            o.type == "snooze" and o.action == action.id and o.until > now
            for o in customer.outcomes
        ):
            out.add(("snoozed", action.id))
        for policy in policies:
            selector = policy.keep_out if isinstance(policy, KeepOut) else policy.applies
            if selects(selector, here) and forbids(policy, here, customer, now):
                out.add((policy.id, action.id))
    return out


def forbids(policy: Policy, here: Happening, customer: Customer, now: int) -> bool:
    if isinstance(policy, Cap):
        counted = [
            contact
            for contact in customer.contacts
            if selects(policy.applies, contact)
            and counts_alike(policy.per, contact, here)
            and (contact.until == 0 or contact.until > now)
            and within(policy.window, contact.at, now)
        ]
        return len(counted) >= policy.cap
    if isinstance(policy, Rest):
        return any(
            outcome.type in policy.after
            and selects(policy.applies, outcome)
            and counts_alike(policy.per, outcome, here)
            and outcome.at + policy.rest > now
            for outcome in customer.outcomes
        )
    if isinstance(policy, KeepOut):
        return policy.when not in customer.false
    return is_quiet(policy, customer, now)


def selects(selector: Selector, one: Happening) -> bool:
    return (
        (not selector.kind or one.kind in selector.kind)
        and (not selector.group or one.group in selector.group)
        and (not selector.action or one.action in selector.action)
        and (not selector.channel or one.channel in selector.channel)
        and (not selector.placement or one.placement in selector.placement)
    )


def counts_alike(per: str | None, one: Happening, here: Happening) -> bool:
    if per is None:
        return True
    if per == "group" and not here.group:
        return not one.group and one.action == here.action
    return bool(getattr(one, per) == getattr(here, per))


def within(window: Window, at: int, now: int) -> bool:
    if not isinstance(window, Calendar):
        return at > now - window.length
    today = day_of(window.zone, now)
    if window.unit == "day":
        first = today - timedelta(days=window.count - 1)
    else:
        first = today - timedelta(days=today.isoweekday() - 1, weeks=window.count - 1)
    return at >= day_begins(window.zone, first)


def day_of(zone: ZoneInfo, now: int) -> date:
    """The latest day that has begun."""
    around = datetime.fromtimestamp(now / 1000, UTC).date()
    days = [around + timedelta(days=offset) for offset in range(-3, 4)]
    return max(day for day in days if day_begins(zone, day) <= now)


@cache
def day_begins(zone: ZoneInfo, day: date) -> int:
    """The first quarter of an hour at which the wall clock reads that day's midnight or later."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall clock's reading
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=26)
    while moment.astimezone(zone).replace(tzinfo=None) < midnight:
        moment += timedelta(minutes=15)
    return round(moment.timestamp() * 1000)


def is_quiet(policy: Quiet, customer: Customer, now: int) -> bool:
    zone = policy.fallback
    named = customer.attributes.get(policy.attribute) if policy.attribute else None
    if isinstance(named, str):
        try:
            zone = ZoneInfo(named)
        except (KeyError, ValueError, OSError):
            zone = policy.fallback
    clock = datetime.fromtimestamp(now / 1000, zone).time()
    if policy.start == policy.end:
        return True
    if policy.start < policy.end:
        return clock >= policy.start and not clock >= policy.end
    return not (clock >= policy.end and clock < policy.start)
