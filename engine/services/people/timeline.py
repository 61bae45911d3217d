"""A customer's history as one tree: what was offered where, what was answered, what changed.

What the archive holds comes from there, and what was logged since from the log: the archive
says up to which entry it has everything, so nothing is missing or told twice at the seam.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from engine import record
from engine.change import Entry
from engine.domain import CustomerState
from engine.errors import NotFound
from engine.facts import Disclosed, disclosed
from engine.partitions import partition_of
from engine.rows import Row, rows_of
from engine.services.people.tree import Node, nodes_of, reply_of
from engine.services.ports import Memory, Serving
from engine.wire.timeline import Cursor, PageAsk, TimelineReply

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
        return reply_of(state.customer_id, shown, str(Cursor(*shown[-1][:2])) if more else None)

    def _nodes(
        self, state: CustomerState, snapshot: Snapshot, ask: PageAsk, until: int
    ) -> list[Node]:
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
                for node in nodes_of(rows)
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
