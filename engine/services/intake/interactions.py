"""Take in what happened: group by customer, learn, commit; effective on the next request."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import UNSET

from engine.catalogue import Catalogue
from engine.change import Change, Committed, Conflict, Known
from engine.errors import (
    AnswerLost,
    Contention,
    CustomerFull,
    IdentityShared,
    InvalidRequest,
    Rejected,
)
from engine.services.deciding.changes import retention
from engine.services.deciding.recent import Recent
from engine.services.intake.fate import Fate
from engine.services.intake.lesson import Lesson, Row, keys_of, row_of
from engine.services.intake.made import Made
from engine.services.ports import People, Serving, Watch
from engine.wire.interactions import FaultyNo, InteractionsReply, Read, RejectedRow
from engine.wire.one_interaction import InteractionBody, by_bot, says_no

PATIENCE = 2.0  # seconds a request may go on retrying


class Name(NamedTuple):
    """Whom rows are about, as they say it: an id, or a normalised identity."""

    customer_id: str
    identity: str = ""


class Interactions:
    """`POST /v1/interactions`. Nothing is acknowledged that was not committed (I6)."""

    def __init__(self, memory: People, serving: Serving, watch: Watch, recent: Recent) -> None:
        self._memory = memory
        self._serving = serving
        self._watch = watch
        self._recent = recent

    def take_in(self, rows: Sequence[Read]) -> InteractionsReply:
        """The fate of each row. Raises StoreUnavailable, StateUnknown or Contention, after which
        all rows may be sent again."""
        catalogue = self._serving.live.catalogue
        keep = retention(self._serving.live)
        fate = Fate()
        made = Made(self._memory)
        by_name = self._by_name(rows, fate, made)
        deadline = time.monotonic() + PATIENCE
        for name, theirs in by_name.items():
            try:
                fate.add(self._of_one(name, theirs, made, catalogue, keep, deadline))
            except (IdentityShared, CustomerFull) as error:
                fate.rejected.update((row.at, str(error)) for row in theirs)
        self._watch.interactions(fate.accepted, fate.duplicates, len(fate.rejected), fate.bots)
        rejected = [RejectedRow(*one) for one in sorted(fate.rejected.items())]
        return InteractionsReply(fate.accepted, fate.duplicates, rejected, fate.bots)

    def _by_name(self, rows: Sequence[Read], fate: Fate, made: Made) -> Mapping[Name, list[Row]]:
        """Each customer's rows; what is not among them is told by its fate."""
        by_name: defaultdict[Name, list[Row]] = defaultdict(list)
        for index, row in enumerate(rows):
            if isinstance(row, RejectedRow):
                fate.rejected[row.index] = row.reason
                continue
            flaw = row.reason if isinstance(row, FaultyNo) else ""
            body = row.body if isinstance(row, FaultyNo) else row
            if by_bot(body):
                fate.bots += 1
                continue
            try:
                by_name[self._name(body, made)].append(row_of(index, body, flaw))
            except (Rejected, InvalidRequest) as error:
                fate.rejected[index] = flaw or str(error)
        return by_name

    def _of_one(
        self,
        name: Name,
        rows: Sequence[Row],
        made: Made,
        catalogue: Catalogue,
        keep: int,
        deadline: float,
    ) -> Fate:
        """One customer's rows, in one commit."""
        keys = keys_of(rows)
        if name.identity:
            loaded = self._memory.identified(name.identity, keys, deadline)
        else:
            loaded = self._memory.load(name.customer_id, keys, deadline)
        while True:
            lesson = Lesson(loaded, catalogue, made)
            lesson.learn(rows, dict(zip(keys, loaded.seen, strict=True)))
            change = lesson.change(keep) if lesson.moved else None
            result = self._commit(change, deadline) if change else None
            if change and isinstance(result, Committed):
                self._recent.follow(change, result.revision)
            if result is None or isinstance(result, Committed):
                self._assure(rows, change, loaded.state.customer_id)
                return lesson.fate
            if time.monotonic() >= deadline:
                raise Contention("this customer keeps changing: send the interactions again")
            if isinstance(result, Conflict):
                self._watch.conflict()
            loaded = self._memory.load(loaded.state.customer_id, keys, deadline)

    def _assure(self, rows: Sequence[Row], change: Change | None, customer_id: str) -> None:
        """A no that was said before must hold by now; the commit sees to one that is new."""
        written = change and "consent" in change.sections
        if not written and any(says_no(row.body) for row in rows):
            self._memory.assure(customer_id)

    def _name(self, row: InteractionBody, made: Made) -> Name:
        """Whom a row is about. Raises Rejected, InvalidRequest."""
        if row.customer is not UNSET:
            if row.customer.identity:
                return Name("", self._memory.normal(row.customer.identity, "/customer/identity"))
            return Name(row.customer.id or "")
        customer_id = made.customer_of(row.decision_id) if row.decision_id else None
        if customer_id is None:
            raise Rejected("names no customer, and no decision that is kept: say whose it is")
        return Name(customer_id)

    def _commit(self, change: Change, deadline: float) -> Committed | Conflict | Known:
        """As the store's; a lost answer is asked for once more."""
        try:
            return self._memory.commit(change, deadline)
        except AnswerLost:
            result = self._memory.commit(change, deadline)
            self._recent.drop(change.customer_id)  # who else wrote meanwhile, nobody says
            if isinstance(result, Known) and _ours(result, change):
                return Committed((change.revision or 0) + 1)
            return result


def _ours(known: Known, change: Change) -> bool:
    """Whether what is known is this very change: every key of it, with the same bodies."""
    return all(
        answer is not None and answer.digest == asked.digest
        for answer, asked in zip(known.answers, change.seen, strict=True)
    )
