"""A customer's memory: what a contact or an interaction changes in it. Pure.

Contacts and interactions are kept as rows as far back as any policy or rule asks; how often
a thing has happened, and when last, is kept for ever.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import attrgetter

from msgspec.structs import replace

from engine.domain import (
    OUTCOMES,
    Action,
    Contact,
    Contacts,
    Event,
    EventLabel,
    Events,
    Interaction,
    Label,
    Matter,
    Tally,
)
from engine.errors import Rejected
from engine.rules.selecting import label_of

MOST_LABELS = 500
"""So many kinds of interaction (type, action, channel, placement, topic) one customer has at most,
before further ones count as OTHER: their words are the caller's, and totals are for ever."""

MOST_OPEN = 100
"""So many matters of one customer are open at most."""

MOST_FREE = 10_000
"""So many free interactions of one customer are kept as rows at most, however many a window holds:
past that the older ones count in their totals alone. Outcomes are kept: rests depend on them."""

OTHER = EventLabel("other")

_AT = attrgetter("at")

# ── contacts ─────────────────────────────────────────────────────────────────────────


def remember_contacts(
    contacts: Contacts,
    taken: Sequence[tuple[Action, str, str]],
    decision_id: str,
    now: int,
    hold_until: int,
    ask: str,
    keep_after: int,
) -> Contacts:
    """The contacts with those of one decision: each an action, its channel and its placement.

    `hold_until` (ms) is when they expire unless confirmed, 0 for good; `ask` what was asked,
    digested. Rows at `keep_after` and before, and holds expired by `now`, are dropped.
    """
    labels = contacts.labels
    fresh: list[Contact] = []
    for one in taken:
        labels, number = _numbered(labels, label_of(*one))
        fresh.append(Contact(now, number, decision_id, hold_until, ask))
    rows = contacts.rows
    on_hold = [row for row in rows if row.until]
    if not on_hold and rows and rows[0].at > keep_after:  # they are in order: none is older
        return Contacts(labels, (*rows, *fresh))
    alive = [row for row in rows if row.at > keep_after and (not row.until or row.until > now)]
    return _kept(labels, [*alive, *fresh])


def _numbered(labels: tuple[Label, ...], label: Label) -> tuple[tuple[Label, ...], int]:
    """The labels with this one among them, and its number."""
    try:
        return labels, labels.index(label)
    except ValueError:
        return (*labels, label), len(labels)


def held(contacts: Contacts, ask: str, now: int) -> str | None:
    """The latest decision that answered this same `ask` and whose hold is alive at `now`."""
    for row in reversed(contacts.rows):
        if row.until > now and row.ask == ask:
            return row.decision
    return None


def confirm(
    contacts: Contacts, decision_id: str, label: Label, made_at: int, keep_after: int
) -> Contacts:
    """The contacts once the customer is known to have seen this one: it counts for good.

    It counts from when it was decided. Had its hold expired, or had it been given back, it
    counts again: it did happen. One as old as `keep_after` is past counting.
    """
    found = _row(contacts, decision_id, label)
    if found is not None:
        rows = list(contacts.rows)
        rows[found] = replace(rows[found], until=0, ask="")
        return Contacts(contacts.labels, tuple(rows))
    if made_at <= keep_after:
        return contacts
    labels, number = _numbered(contacts.labels, label)
    row = Contact(made_at, number, decision_id)
    return Contacts(labels, tuple(sorted((*contacts.rows, row), key=_AT)))


def release(contacts: Contacts, decision_id: str) -> Contacts:
    """The contacts once a decision was answered: the same ask gets a new decision from now on.

    What of it is still on hold goes on counting until it expires.
    """
    return Contacts(
        contacts.labels,
        tuple(
            replace(row, ask="") if row.decision == decision_id and row.ask else row
            for row in contacts.rows
        ),
    )


def give_back(contacts: Contacts, decision_id: str, label: Label) -> Contacts:
    """The contacts without one that never reached the customer."""
    found = _row(contacts, decision_id, label)
    if found is None:
        return contacts
    rows = [row for at, row in enumerate(contacts.rows) if at != found]
    return _kept(contacts.labels, rows)


def _row(contacts: Contacts, decision_id: str, label: Label) -> int | None:
    """Where that action's contact at that placement stands; its group may have changed since."""
    for at, row in enumerate(contacts.rows):
        if row.decision == decision_id:
            was = contacts.labels[row.label]
            if was.action == label.action and was.placement == label.placement:
                return at
    return None


def _kept(labels: tuple[Label, ...], rows: Sequence[Contact]) -> Contacts:
    """These rows, with no more labels than they need."""
    used = sorted({row.label for row in rows})
    if len(used) == len(labels):
        return Contacts(labels, tuple(rows))
    now_at = {was: at for at, was in enumerate(used)}
    return Contacts(
        tuple(labels[was] for was in used),
        tuple(replace(row, label=now_at[row.label]) for row in rows),
    )


# ── interactions ─────────────────────────────────────────────────────────────────────


def remember_event(
    events: Events, interaction: Interaction, action: Action | None, keep_after: int
) -> Events:
    """The events with this interaction: a row in its place in time, one more in its total.

    `action` is what it was about, if anything. Rows at `keep_after` and before are dropped,
    but for snoozes that outlast it; totals are for ever. Raises Rejected for a matter more than
    may be open.
    """
    label = EventLabel(
        interaction.type,
        action.id if action else interaction.action,
        action.kind if action else "",
        (action.group or "") if action else "",
        interaction.channel,
        interaction.placement,
        interaction.topic,
    )
    labels = _with(events.labels, label)
    index = labels.index(label if label in labels else OTHER)
    until = interaction.until if interaction.type == "snooze" else 0
    return Events(
        labels,
        _bounded(_rows(events.rows, Event(interaction.at, index, until), keep_after), labels),
        _counted(events.tallies, index, interaction.at),
        _open(events.open, interaction),
    )


def _with(labels: tuple[EventLabel, ...], label: EventLabel) -> tuple[EventLabel, ...]:
    """The labels with this one; past the bound, with OTHER in its stead. Outcomes are ours to
    name and so few, and what they start, a rest or a snooze, may not be lost."""
    if label in labels:
        return labels
    if len(labels) < MOST_LABELS or label.type in OUTCOMES:
        return (*labels, label)
    return labels if OTHER in labels else (*labels, OTHER)


def _rows(rows: Sequence[Event], row: Event, keep_after: int) -> tuple[Event, ...]:
    place = bisect_right(rows, row.at, key=_AT)
    everything = (*rows[:place], row, *rows[place:])
    if everything[0].at > keep_after:  # they are in order: none is older
        return everything
    return tuple(row for row in everything if row.at > keep_after or row.until > keep_after)


def _bounded(rows: tuple[Event, ...], labels: tuple[EventLabel, ...]) -> tuple[Event, ...]:
    """These rows; of free ones too many, the newest nine tenths, since counting them takes long."""
    if len(rows) <= MOST_FREE:
        return rows
    free = [at for at, row in enumerate(rows) if labels[row.label].type not in OUTCOMES]
    if len(free) <= MOST_FREE:
        return rows
    gone = frozenset(free[: len(free) - MOST_FREE * 9 // 10])
    return tuple(row for at, row in enumerate(rows) if at not in gone)


def _counted(tallies: tuple[Tally, ...], index: int, at: int) -> tuple[Tally, ...]:
    if index == len(tallies):
        return (*tallies, Tally(1, at))
    was = tallies[index]
    return (*tallies[:index], Tally(was.count + 1, max(was.last, at)), *tallies[index + 1 :])


def _open(matters: Iterable[Matter], interaction: Interaction) -> tuple[Matter, ...]:
    left = tuple(matter for matter in matters if not _closes(interaction, matter))
    if interaction.topic and interaction.status == "open":
        if len(left) >= MOST_OPEN:
            raise Rejected(f"{MOST_OPEN} matters of this customer are open: close one first")
        return (*left, Matter(interaction.id, interaction.topic, interaction.at))
    return left


def _closes(interaction: Interaction, matter: Matter) -> bool:
    """By its id; or, when no id is named, every earlier one of the same topic."""
    if interaction.closes:
        return interaction.closes == matter.id
    return (
        interaction.status == "closed"
        and interaction.topic == matter.topic
        and interaction.at >= matter.since
    )
