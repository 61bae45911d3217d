"""Take in what happened: group by customer, learn, commit; effective on the next request."""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from engine import record
from engine.catalogue import Catalogue
from engine.change import Change, Committed, Conflict, Found, Known, Loaded, Seen
from engine.codec import pack
from engine.domain import Consent
from engine.errors import (
    AnswerLost,
    Contention,
    CustomerFull,
    IdentityShared,
    InvalidRequest,
    Rejected,
)
from engine.learn import Learned, ended_by, learn
from engine.plan import Filled
from engine.record import CustomerRecord, DecisionRecord, InteractionRecord
from engine.rules.consent import denied, refused
from engine.services.deciding.changes import change_of, retention
from engine.services.deciding.recent import Recent
from engine.services.intake.fate import Fate
from engine.services.ports import People, Serving, Watch
from engine.wire.interactions import (
    FaultyNo,
    InteractionBody,
    InteractionsReply,
    Read,
    RejectedRow,
    by_bot,
    digested,
    says_no,
    to_interaction,
)
from engine.wire.values import milliseconds

PATIENCE = 2.0  # seconds a request may go on retrying

_SAID = "unsubscribe"  # where a no came from


class Name(NamedTuple):
    """Whom rows are about, as they say it: an id, or a normalised identity."""

    customer_id: str
    identity: str = ""


class Row(NamedTuple):
    """A row that could be read, where it was in the request, its idempotency key, and that of its
    opt-out where nothing else of it counts, if it is one; `flaw`: why nothing else does."""

    at: int
    body: InteractionBody
    seen: Seen
    no: Seen | None
    flaw: str = ""


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
        deadline = time.monotonic() + PATIENCE
        for name, theirs in by_name.items():
            try:
                fate.add(self._of_one(name, theirs, made, catalogue, keep, deadline))
            except (IdentityShared, CustomerFull) as error:
                fate.rejected.update((row.at, str(error)) for row in theirs)
        self._watch.interactions(fate.accepted, fate.duplicates, len(fate.rejected), fate.bots)
        rejected = [RejectedRow(*one) for one in sorted(fate.rejected.items())]
        return InteractionsReply(fate.accepted, fate.duplicates, rejected, fate.bots)

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
                self._recent.follow(loaded, change.sections, result.revision)
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


class Made:
    """The decisions that rows of one request name, each looked up once."""

    def __init__(self, memory: People) -> None:
        self._memory = memory
        self._found: dict[str, Found | None] = {}

    def customer_of(self, decision_id: str) -> str | None:
        """Whose decision it was; None when none is kept."""
        found = self._find(decision_id)
        return found.customer_id if found else None

    def offered_to(self, customer_id: str, decision_id: str) -> tuple[Filled, ...] | None:
        """What a decision of that customer answered; None when there is none of theirs."""
        found = self._find(decision_id) if decision_id else None
        if found is None or not self._same(found.customer_id, customer_id):
            return None
        entry = record.decode(found.record)
        return entry.plan.placements if isinstance(entry, DecisionRecord) else None

    def _same(self, decided_for: str, customer_id: str) -> bool:
        """Whether it was decided for this customer, maybe before they were merged."""
        return decided_for == customer_id or self._memory.canonical(decided_for) == customer_id

    def _find(self, decision_id: str) -> Found | None:
        if decision_id not in self._found:
            self._found[decision_id] = self._memory.find_decision(decision_id)
        return self._found[decision_id]


class Lesson:
    """One customer's rows, learnt one after the other from one loaded state."""

    def __init__(self, loaded: Loaded, catalogue: Catalogue, made: Made) -> None:
        self.fate = Fate()
        self.fresh: list[Seen] = []
        self._entries: list[bytes] = []
        self._changed: set[str] = set()
        self._customer_id = loaded.state.customer_id
        self._loaded = loaded
        self._state = loaded.state
        self._catalogue = catalogue
        self._made = made

    @property
    def moved(self) -> bool:
        """Whether there is anything to commit."""
        return bool(self.fresh or self._changed)

    def learn(self, rows: Sequence[Row], seen: dict[str, Seen | None]) -> None:
        """Take in all rows not seen before."""
        for row in rows:
            before = seen[row.seen.key]
            if row.flaw:
                self._keep_out(row, row.flaw, seen)
            elif before is None:
                self._take(row, seen)
            elif before.digest == row.seen.digest:
                self.fate.duplicates += 1
            else:
                reason = f"the id {row.body.id!r} was used before, with another body"
                self._keep_out(row, reason, seen)

    def change(self, keep: int) -> Change:
        """What the commit writes."""
        moved = pack(self._state, sorted(self._changed))
        return change_of(self._loaded, moved, self._entries, self.fresh, keep)

    def _take(self, row: Row, seen: dict[str, Seen | None]) -> None:
        try:
            learned = self._learn(row)
        except Rejected as error:
            self._keep_out(row, str(error), seen)
            return
        self._state = learned.state
        self._changed |= learned.changed
        self.fate.accepted += 1
        self.fresh.append(row.seen)
        seen[row.seen.key] = row.seen

    def _keep_out(self, row: Row, why: str, seen: dict[str, Seen | None]) -> None:
        """Reject a row. An opt-out counts whatever it answers, if anything (I4); sent again, it
        undoes no yes that came since (I5)."""
        ended = sorted(ended_by(row.body.action, self._catalogue)) if row.no else []
        if row.no and ended:
            why = f"the opt-out counts, and nothing else of it: {why}"
            if seen[row.no.key] is None:
                self._opt_out(row.body, ended)
                self.fresh.append(row.no)
                seen[row.no.key] = row.no
        self.fate.rejected[row.at] = why

    def _opt_out(self, body: InteractionBody, purposes: Sequence[str]) -> None:
        now, held = self._loaded.now, self._state.consent
        no = Consent("denied", min(milliseconds(body.at), now) if body.at else now, _SAID)
        noes = {one: refused(held.get(one), no) for one in purposes}
        if any(not denied(held.get(one)) for one in purposes):
            self._state = replace(self._state, consent={**held, **noes})
            self._changed.add("consent")
        self._entries.append(record.encode(CustomerRecord(self._customer_id, {}, noes, _SAID, now)))

    def _learn(self, row: Row) -> Learned:
        now = self._loaded.now
        interaction = to_interaction(row.body, now)
        offered = self._made.offered_to(self._customer_id, interaction.decision_id)
        learned = learn(interaction, offered, self._state, self._catalogue, now)
        entry = InteractionRecord(self._customer_id, interaction, learned.reward, now)
        self._entries.append(record.encode(entry))
        return learned


def row_of(at: int, body: InteractionBody, flaw: str = "") -> Row:
    """A row with its keys, each with the digest of all of the body. An opt-out counts once for an
    id and a body; one whose id cannot be read counts each time."""
    digest = blake2b(digested(body), digest_size=16).digest()
    seen = Seen(f"i:{body.id}", digest, b"")
    if not says_no(body):
        return Row(at, body, seen, None, flaw)
    name = f"n:{body.id or secrets.token_hex(16)}:{digest.hex()}"
    return Row(at, body, seen, Seen(name, digest, b""), flaw)


def keys_of(rows: Iterable[Row]) -> list[str]:
    """The idempotency keys to ask the store for."""
    asked = [one.key for row in rows for one in (row.seen, row.no) if one]
    return list(dict.fromkeys(asked))


def _ours(known: Known, change: Change) -> bool:
    """Whether what is known is this very change: every key of it, with the same bodies."""
    return all(
        answer is not None and answer.digest == asked.digest
        for answer, asked in zip(known.answers, change.seen, strict=True)
    )
