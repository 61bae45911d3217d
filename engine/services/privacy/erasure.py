"""Erasing a customer everywhere, with a proof (I12)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol
from uuid import uuid4

import structlog

from engine.change import Entry, Loaded
from engine.errors import Contention, StoreUnavailable
from engine.partitions import partition_of
from engine.record import DecisionRecord, Record
from engine.services.intake.naming import Aside
from engine.services.people.holdings import Holdings, Person, theirs
from engine.services.privacy.lines import Latest, Proof, Tombstone
from engine.services.privacy.marks import Marking, Marks
from engine.services.privacy.names import Names
from engine.services.privacy.tombstones import Tombstones
from engine.wire.privacy import ProofReply
from engine.wire.values import rfc3339

_ATTEMPTS = 20

_log = structlog.get_logger()


class Erasing(Marking, Protocol):
    """Finding and deleting what the store holds; each may be done twice."""

    def forget(
        self, customer_id: str, now: int, revision: int | None
    ) -> tuple[int, int] | None: ...
    def forget_log(self, partition: int, entries: Sequence[str]) -> int: ...
    def forget_decisions(self, partition: int, decision_ids: Sequence[str]) -> int: ...


class Finishing(Protocol):
    """Finishes the merge of a customer that is fenced, see `engine.services.people.merges`."""

    def finish(self, customer_id: str) -> None: ...


class Archived(Protocol):
    """The archive's word for customers to leave out, see `engine.archive.erased`."""

    def forget(self, subjects: Iterable[str]) -> None: ...


class Privacy:
    """`DELETE /v1/customers/{id}`, and erasures done again after a restore."""

    def __init__(
        self,
        held: Holdings,
        erasing: Erasing,
        tombstones: Tombstones,
        archived: Archived,
        names: Names,
        aside: Aside,
        merges: Finishing,
    ) -> None:
        self._held = held
        self._erasing = erasing
        self._tombstones = tombstones
        self._marks = Marks(erasing, tombstones)
        self._archived = archived
        self._names = names
        self._aside = aside
        self._merges = merges

    def erase(self, customer_id: str) -> ProofReply:
        """Erase everywhere, under every id the customer had; done again, the same proof, unless
        something was heard of them since.

        A change that arrives meanwhile finds a customer never heard of; whoever they are merged
        with meanwhile is erased with them. Raises Contention, and as the store; StoreUnavailable
        also where the data directory takes nothing, so that it cannot be written down.
        """
        try:
            with self._tombstones.alone(customer_id):  # sent again, it waits for the first's proof
                return _reply(self._proof(customer_id))
        except OSError as error:
            raise StoreUnavailable(
                f"the data directory cannot be written ({error.strerror}), so nothing says that "
                "this customer is erased: make room there, and erase again"
            ) from error

    def _proof(self, customer_id: str) -> Proof:
        """The proof of an erasure that stands, or of one done now."""
        cut_short = self._tombstones.unproven(customer_id)
        if cut_short:
            self.replay()  # some of its ids may live on
        person = self._held.of(customer_id)
        earlier = self._tombstones.proof(customer_id)
        if person.unknown and earlier and not cut_short and not self._heard_of(person):
            return earlier
        proof_id = uuid4().hex
        erased: Counter[str] = Counter()
        hashes = tuple(self._erased(person, proof_id, erased, self._tombstones.latest()))
        proof = Proof(proof_id, rfc3339(person.loaded.now), hashes, dict(erased))
        self._tombstones.write(proof)
        return proof

    def replay(self) -> None:
        """Erase again whom a restored backup brought back; for every start.

        Raises StoreUnavailable, StateUnknown, Misconfigured.
        """
        latest = self._tombstones.latest()
        missing = self._marks.missing(latest)
        if not missing:
            return
        back = self._marks.back(missing)
        for customer_id, stone in back.items():
            # else erased meanwhile, and what came since was told us
            if self._marks.lack(stone, latest):
                self._erased(self._held.of(customer_id), stone.proof_id, Counter(), latest)
        self._marks.put(missing.values(), latest)
        _log.warning("erasures done again", tombstones=len(missing), customers=len(back))

    def _heard_of(self, person: Person) -> bool:
        """Whether somebody we hold nothing of is named all the same: by an event set aside, or with
        an identity set apart."""
        return bool(self._aside.about(person.ids, ())) or self._names.apart(person)

    def _erased(
        self, person: Person, proof_id: str, erased: Counter[str], latest: Latest
    ) -> Iterable[str]:
        """Erase the person, and who turned out to be them meanwhile; the hashes of all ids."""
        stones: dict[str, Tombstone] = {}
        for _ in range(_ATTEMPTS):
            found = [self._tombstones.of(one, proof_id) for one in person.ids]
            self._tombstones.write(*(stone for stone in found if stone.hash not in stones))
            stones.update((stone.hash, stone) for stone in found)
            if self._forget(person, erased):
                self._marks.put(stones.values(), latest)
                return stones
            person = self._held.of(person.ids[0])
        raise Contention("this customer keeps being merged: erase it again")

    def _forget(self, person: Person, erased: Counter[str]) -> bool:
        """The archive and the log first, the customer next, then what was logged meanwhile.

        False when the customer is more than this person by now: gather again.
        """
        self._archived.forget(person.subjects)
        erased["archive_subjects"] = len(person.subjects)
        erased["identities"] += self._names.forget(person)
        erased["set_aside"] += self._aside.forget(person.ids, person.loaded.state.identities)
        self._forget_entries(person.entries, erased)
        if not self._forget_customer(person, erased):
            return False
        last = {entry.partition: entry.id for entry, _ in person.entries}
        for partition in {partition_of(one) for one in person.ids}:
            since = self._erasing.log(partition, last.get(partition, ""))
            self._forget_entries(theirs(since, person.ids), erased)
        return True

    def _forget_customer(self, person: Person, erased: Counter[str]) -> bool:
        """The former ids first: while the customer is there, so is the list of them."""
        customer_id, *former = person.ids
        for one in former:
            self._merges.finish(one)
            if not self._deleted(one, person.loaded, None, erased):
                return False
        for _ in range(_ATTEMPTS):
            loaded = self._held.now(person)
            if not person.still(loaded):
                return False
            if self._deleted(customer_id, loaded, loaded.state.revision, erased):
                return True
        return False

    def _deleted(
        self, customer_id: str, loaded: Loaded, revision: int | None, erased: Counter[str]
    ) -> bool:
        found = self._erasing.forget(customer_id, loaded.now, revision)
        if found is not None:
            erased.update(customers=found[0], idempotency_keys=found[1])
        return found is not None

    def _forget_entries(
        self, found: Iterable[tuple[Entry, Record | None]], erased: Counter[str]
    ) -> None:
        entries: defaultdict[int, list[str]] = defaultdict(list)
        decisions: defaultdict[int, list[str]] = defaultdict(list)
        for entry, told in found:
            entries[entry.partition].append(entry.id)
            if isinstance(told, DecisionRecord):
                decisions[entry.partition].append(told.decision_id)
        for partition, ids in decisions.items():
            erased["decisions"] += self._erasing.forget_decisions(partition, ids)
        for partition, ids in entries.items():
            erased["log_records"] += self._erasing.forget_log(partition, ids)


def _reply(proof: Proof) -> ProofReply:
    return ProofReply(proof.proof_id, proof.at, proof.erased, proof.tombstones)
