"""What an interaction changes: a row in its place in time, totals for ever, and open matters."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import attrgetter

from engine.domain import (
    OUTCOMES,
    Action,
    Event,
    EventLabel,
    Events,
    Interaction,
    Matter,
    Tally,
)
from engine.errors import Rejected

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
    labels, index = _numbered(events.labels, label)
    until = interaction.until if interaction.type == "snooze" else 0
    return Events(
        labels,
        _bounded(_rows(events.rows, Event(interaction.at, index, until), keep_after), labels),
        _counted(events.tallies, index, interaction.at),
        _open(events.open, interaction),
    )


def _numbered(
    labels: tuple[EventLabel, ...], label: EventLabel
) -> tuple[tuple[EventLabel, ...], int]:
    """The labels with this one among them, and its number; past the bound, with OTHER in its stead.
    Outcomes are ours to name and so few, and what they start, a rest or a snooze, may not be lost.
    """
    try:
        return labels, labels.index(label)
    except ValueError:
        if len(labels) < MOST_LABELS or label.type in OUTCOMES or label == OTHER:
            return (*labels, label), len(labels)
        return _numbered(labels, OTHER)


def _rows(rows: Sequence[Event], row: Event, keep_after: int) -> tuple[Event, ...]:
    if not rows or rows[-1].at <= row.at:  # as mostly
        everything = (*rows, row)
    else:
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
