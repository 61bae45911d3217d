"""A customer's history as one tree: what was offered where, what was answered, what changed.

What the archive holds comes from there, and what was logged since from the log: the archive
says up to which entry it has everything, so nothing is missing or told twice at the seam.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from engine import record
from engine.change import Entry
from engine.domain import CustomerState
from engine.errors import NotFound
from engine.facts import Disclosed, disclosed
from engine.partitions import made_at, partition_of
from engine.rows import VOID, ChangeRow, DecisionRow, InteractionRow, Row, rows_of
from engine.services.ports import Memory, Serving
from engine.wire.timeline import (
    AnswerReply,
    ChangeReply,
    ChannelReply,
    ContactReply,
    Cursor,
    OfferReply,
    PageAsk,
    TimelineReply,
)
from engine.wire.values import rfc3339

DAY = 24 * 3600 * 1000
_SPAN = 8 * DAY
_WIDER = 4

T = TypeVar("T")


class Log(Protocol):
    """Reads a partition's log from an entry on, `""`: from its start."""

    def log(self, partition: int, after: str = "") -> Iterator[Entry]: ...


class Snapshot(Protocol):
    """The archive at one moment, see `engine.archive.reading`."""

    @property
    def positions(self) -> Mapping[int, str]: ...
    @property
    def first(self) -> int | None: ...
    def rows(self, subjects: Collection[str], since: int, until: int) -> list[Row]: ...


class History(Protocol):
    """The archive, asked as of one moment."""

    def consistent(self, ask: Callable[[Snapshot], T]) -> T: ...


class NoHistory:
    """Where nothing is archived: all there is, is in the logs."""

    positions: Mapping[int, str] = {}
    first: int | None = None

    def rows(self, subjects: Collection[str], since: int, until: int) -> list[Row]:  # noqa: ARG002
        """None."""
        return []

    def consistent(self, ask: Callable[[Snapshot], T]) -> T:
        """What `ask` makes of it."""
        return ask(self)


class _Node(NamedTuple):
    """A decision with its answers, a free interaction or a change; `key` breaks ties of `at`."""

    at: int
    key: str
    rows: list[Row]


class Timeline:
    """`GET /v1/customers/{id}/timeline`."""

    def __init__(
        self,
        memory: Memory,
        log: Log,
        history: Callable[[], History],
        serving: Serving,
        key: bytes,
    ) -> None:
        """`key` digests ids, as the archive's."""
        self._memory = memory
        self._log = log
        self._history = history
        self._serving = serving
        self._key = key

    def page(self, customer_id: str, ask: PageAsk) -> TimelineReply:
        """The newest there is before the cursor. Raises NotFound, ArchiveUnusable."""
        loaded = self._memory.load(customer_id)
        if not loaded.state.revision:
            raise NotFound("no such customer, or no longer")
        state, until = loaded.state, ask.cursor.at if ask.cursor else loaded.now + DAY
        nodes = self._history().consistent(lambda now: self._nodes(state, now, ask, until))
        shown = nodes[: ask.limit]
        more = len(nodes) > ask.limit
        return _reply(state.customer_id, shown, str(Cursor(*shown[-1][:2])) if more else None)

    def _nodes(
        self, state: CustomerState, snapshot: Snapshot, ask: PageAsk, until: int
    ) -> list[_Node]:
        """More than are asked for, or all there are; looks back further until it is enough."""
        subjects = {state.subject, *state.formerly}
        logged = list(self._logged(state, snapshot))
        first, span = snapshot.first, _SPAN
        while True:
            since = until - span if first is None else max(until - span, first)
            done = first is None or since <= first
            rows = [*logged, *(() if first is None else snapshot.rows(subjects, since, until))]
            nodes = [
                node
                for node in _nodes_of(rows)
                if (done or node.at >= since) and (not ask.cursor or node[:2] < ask.cursor)
            ]
            if done or len(nodes) > ask.limit:
                return sorted(nodes, key=lambda node: node[:2], reverse=True)
            span *= _WIDER

    def _logged(self, state: CustomerState, snapshot: Snapshot) -> Iterator[Row]:
        """What the archive has not got yet, under every id the customer had."""
        ids = {state.customer_id, *state.merged}
        spelled = [one.encode() for one in ids]
        known = disclosed(self._serving.live.catalogue)
        for partition in sorted({partition_of(one) for one in ids}):
            for entry in self._log.log(partition, snapshot.positions.get(partition, "")):
                if any(one in entry.data for one in spelled):
                    yield from _rows(entry, ids, state.subject, known, self._key)


def _rows(
    entry: Entry, ids: Collection[str], subject: str, known: Disclosed, key: bytes
) -> Sequence[Row]:
    """The entry's rows if it is theirs; what cannot be read is not told."""
    said = record.legible(entry.data)
    if said is None or record.customer_of(said) not in ids:
        return ()
    return rows_of(entry, said, subject, known, key)


def _nodes_of(rows: Iterable[Row]) -> Iterator[_Node]:
    """The rows as nodes, without decisions that nobody saw."""
    found: defaultdict[tuple[int, str], list[Row]] = defaultdict(list)
    for row in rows:
        found[_place(row)].append(row)
    for (at, key), of in found.items():
        if not any(isinstance(row, InteractionRow) and _voids(row) for row in of):
            yield _Node(at, key, of)


def _place(row: Row) -> tuple[int, str]:
    """Answers stand where their decision does."""
    if not isinstance(row, ChangeRow) and row.decision_id:
        return made_at(row.decision_id), row.decision_id
    what = row.what if isinstance(row, ChangeRow) else ""
    return row.at, f"{row.partition:03d}-{row.entry}-{what}"


def _voids(row: InteractionRow) -> bool:
    return row.type == VOID and bool(row.decision_id)


def _reply(customer_id: str, nodes: Sequence[_Node], cursor: str | None) -> TimelineReply:
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
