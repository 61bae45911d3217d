"""Rows of a customer's history as the tree that is answered: channel, contact, offer, answer."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from engine.partitions import made_at
from engine.rows import VOID, ChangeRow, DecisionRow, InteractionRow, Row
from engine.wire.timeline import (
    AnswerReply,
    ChangeReply,
    ChannelReply,
    ContactReply,
    OfferReply,
    TimelineReply,
)
from engine.wire.values import rfc3339


class Node(NamedTuple):
    """A decision with its answers, a free interaction or a change; `key` breaks ties of `at`."""

    at: int
    key: str
    rows: list[Row]


def nodes_of(rows: Iterable[Row]) -> Iterator[Node]:
    """The rows as nodes, without decisions that nobody saw."""
    found: defaultdict[tuple[int, str], list[Row]] = defaultdict(list)
    for row in rows:
        found[_place(row)].append(row)
    for (at, key), of in found.items():
        if not any(isinstance(row, InteractionRow) and _voids(row) for row in of):
            yield Node(at, key, of)


def _place(row: Row) -> tuple[int, str]:
    """Answers stand where their decision does."""
    if not isinstance(row, ChangeRow) and row.decision_id:
        return made_at(row.decision_id), row.decision_id
    what = row.what if isinstance(row, ChangeRow) else ""
    return row.at, f"{row.partition:03d}-{row.entry}-{what}"


def _voids(row: InteractionRow) -> bool:
    return row.type == VOID and bool(row.decision_id)


def reply_of(customer_id: str, nodes: Sequence[Node], cursor: str | None) -> TimelineReply:
    """A page of the tree; `cursor`: where the next begins, if there is one."""
    channels: defaultdict[str, list[ContactReply]] = defaultdict(list)
    changes: list[ChangeReply] = []
    for node in nodes:
        changes.extend(_change(row) for row in node.rows if isinstance(row, ChangeRow))
        contacts = [row for row in node.rows if not isinstance(row, ChangeRow)]
        if contacts:
            channel = next((row.channel for row in contacts if row.channel), "")
            channels[channel].append(_contact(node.at, contacts))
    grouped = [ChannelReply(channel, contacts) for channel, contacts in channels.items()]
    return TimelineReply(customer_id, grouped, changes, cursor)


def _contact(at: int, rows: Sequence[DecisionRow | InteractionRow]) -> ContactReply:
    offers = [row for row in rows if isinstance(row, DecisionRow)]
    said = sorted(
        (row for row in rows if isinstance(row, InteractionRow)), key=lambda row: (row.at, row.id)
    )
    if not rows[0].decision_id:
        return _free(said[0])
    offers.sort(key=lambda row: (row.placement, row.rank or 0, row.action))
    taken = {row: next((o for o in offers if _answers(row, o)), None) for row in said}
    return ContactReply(
        rfc3339(at),
        rows[0].decision_id,
        [_offer(offer, [row for row in said if taken[row] is offer]) for offer in offers],
        [_answer(row) for row in said if taken[row] is None],
    )


def _change(row: ChangeRow) -> ChangeReply:
    data = json.loads(row.data)
    if row.what == "consent":
        data = {purpose: {**said, "at": rfc3339(said["at"])} for purpose, said in data.items()}
    return ChangeReply(rfc3339(row.at), row.what, data)


def _free(row: InteractionRow) -> ContactReply:
    return ContactReply(
        rfc3339(row.at),
        id=row.id,
        type=row.type,
        action=row.action,
        placement=row.placement,
        topic=row.topic,
        status=row.status,
        value=row.value,
    )


def _answers(row: InteractionRow, offer: DecisionRow) -> bool:
    """Whether this answers that offer; who answered need not have named the placement."""
    return row.action == offer.action and row.placement in ("", offer.placement)


def _offer(row: DecisionRow, answers: Sequence[InteractionRow]) -> OfferReply:
    told = [_answer(one) for one in answers]
    return OfferReply(
        row.placement, row.fallback, row.action, row.kind, row.treatment, row.rank, told
    )


def _answer(row: InteractionRow) -> AnswerReply:
    return AnswerReply(rfc3339(row.at), row.type, row.id, row.value)
