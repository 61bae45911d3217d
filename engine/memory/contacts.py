"""What a contact changes: taken, confirmed, given back; kept as long as a policy may count it."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from msgspec.structs import replace

from engine.domain import Action, Contact, Contacts, Label
from engine.rules.selecting import label_of

_AT = attrgetter("at")


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
