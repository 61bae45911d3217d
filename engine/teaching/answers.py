"""Which log entries tell what somebody said to an offer, most others being let pass unread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec import Struct

from engine.change import Entry
from engine.learn import ANSWERS, UNSEEN
from engine.record import InteractionRecord, Record, legible


class _Tagged(Struct):
    """The kind of a log entry, read without the rest: most entries are of a kind not asked for."""

    type: str


_tags = msgspec.msgpack.Decoder(_Tagged)


class Answer(NamedTuple):
    """What somebody said to an action of a decision: worth `reward`, None if it reached nobody."""

    decision_id: str
    action: str
    reward: float | None


def answered(entries: Sequence[Entry]) -> list[str]:
    """The ids of the decisions that answers among `entries` belong to, each once."""
    records = (of_kind(entry, "interaction") for entry in entries)
    said = (answer_in(record) for record in records if isinstance(record, InteractionRecord))
    return list(dict.fromkeys(one.decision_id for one in said if one))


def of_kind(entry: Entry, kind: str) -> Record | None:
    """The entry's record, if it is of that kind and can be read."""
    return legible(entry.data) if _kind(entry) == kind else None


def of_other_kind(entry: Entry, kind: str) -> Record | None:
    """The entry's record, unless it is of that kind or cannot be read."""
    return None if _kind(entry) == kind else legible(entry.data)


def answer_in(record: InteractionRecord) -> Answer | None:
    """The answer of a record; None where it says nothing of interest: that the offer was seen, or
    what answers no decision.

    A "no" is an answer like a "yes": there is nothing to wait for.
    """
    said = record.interaction
    if not said.decision_id or (record.reward is None and said.type not in UNSEEN):
        return None
    if record.reward == 0.0 and said.type not in ANSWERS:
        return None
    return Answer(said.decision_id, said.action, record.reward)


def _kind(entry: Entry) -> str:
    try:
        return _tags.decode(entry.data).type
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
