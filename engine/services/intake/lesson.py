"""One customer's rows of `POST /v1/interactions`, or of a file: learnt one after the other from
one loaded state, each once."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from msgspec.structs import replace

from engine import record
from engine.catalogue import Catalogue
from engine.change import Change, Loaded, Seen
from engine.codec import pack
from engine.domain import Consent
from engine.errors import Rejected
from engine.learn import Learned, ended_by, learn
from engine.record import CustomerRecord, InteractionRecord
from engine.rules.consent import denied, refused
from engine.services.deciding.changes import change_of
from engine.services.intake.fate import Fate
from engine.services.intake.made import Made
from engine.wire.one_interaction import InteractionBody, digested, says_no, to_interaction
from engine.wire.values import milliseconds

_SAID = "unsubscribe"  # where a no came from


class Row(NamedTuple):
    """A row that could be read, where it was in the request, its idempotency key, and that of its
    opt-out where nothing else of it counts, if it is one; `flaw`: why nothing else does."""

    at: int
    body: InteractionBody
    seen: Seen
    no: Seen | None
    flaw: str = ""


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
        if row.no and seen[row.no.key]:  # it was heard alone before: a yes may have come since
            state = replace(learned.state, consent=self._state.consent)
            learned = learned._replace(state=state, changed=learned.changed - {"consent"})
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
