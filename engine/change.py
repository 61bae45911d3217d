"""What goes to the store and what comes back, as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from msgspec import Struct

from engine.domain import CustomerState
from engine.errors import CustomerFull

Durability = Literal["memory", "everysec", "always", "replicated"]
"""What an acknowledged change survives; see docs/operating.md."""

DURABILITIES: tuple[Durability, ...] = get_args(Durability)


class Seen(NamedTuple):
    """An idempotency key with the digest of the body it came with and what was answered."""

    key: str
    digest: bytes
    answer: bytes


class Ask(NamedTuple):
    """A customer to load, and the idempotency keys asked about. Where only some `sections` are
    wanted, who they are comes along; the others are left empty, and nobody may look at them."""

    customer_id: str
    seen: Sequence[str] = ()
    sections: Sequence[str] | None = None


class Loaded(Struct, frozen=True):
    """A customer as stored.

    `packed` holds the raw fields a decision is made from, for the record; nothing where only some
    were loaded. `now` is the store's clock in ms, never earlier than `state.clock`. `seen` has one
    row for each key asked about, None if unknown. `redirect` is the customer this one was merged
    into, for good; `fence` the one it is being merged into: neither takes any change. `recalled`:
    the store was not asked just now, see `services/deciding/recent`. `behind`: the store's own
    clock has not come to `state.clock` yet, so that changes until then all have the same time.
    """

    state: CustomerState
    packed: dict[str, bytes]
    now: int
    seen: list[Seen | None]
    redirect: str | None = None
    fence: str | None = None
    recalled: bool = False
    behind: bool = False


class Change(Struct, frozen=True):
    """One atomic change of one customer, with its record for the log.

    `revision` is the one the change was made from; None only appends: it neither checks nor
    moves the revision and writes no section; it is a conflict when it was made from a customer
    who was `known` and is erased since. `since` is the customer's own clock as loaded: one of
    another clock is another state, whatever its revision. `clock` is `Loaded.now`. `further` are
    records of the same act, appended after `entry`. `retention` (ms) is how long the log and the
    decision's pointer are kept.
    """

    customer_id: str
    revision: int | None
    sections: Mapping[str, bytes]
    clock: int
    entry: bytes
    decision_id: str | None
    retention: int
    seen: Sequence[Seen] = ()
    further: Sequence[bytes] = ()
    known: bool = False
    since: int | None = None


class Committed(Struct, frozen=True):
    """The change is in: the customer's revision now."""

    revision: int


class Conflict(Struct, frozen=True):
    """Someone else was first; nothing was written. `loaded` is the customer as it is now, which
    may be fenced or redirected."""

    loaded: Loaded


class Known(Struct, frozen=True):
    """This was done before; nothing was written.

    `answers` has one row for each of `Change.seen`, None where that key is new; `record` is
    the log record of the decision id, when it was that one that was known.
    """

    answers: list[Seen | None]
    record: bytes | None


Result = Committed | Conflict | Known | CustomerFull
"""What became of one of many changes."""


class Found(NamedTuple):
    """A decision's customer and its log record."""

    customer_id: str
    record: bytes


class Entry(NamedTuple):
    """An entry of a partition's log as stored; `id` is the stream's, `data` the record."""

    partition: int
    id: str
    data: bytes
