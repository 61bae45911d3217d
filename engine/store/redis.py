"""The store's verbs over whatever servers there are."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

from engine.change import Ask, Change, Committed, Conflict, Found, Known, Loaded, Result
from engine.errors import CustomerFull, StateUnknown, TellerError
from engine.partitions import PARTITIONS, partition_of, partition_of_decision
from engine.store import keys
from engine.store.durability import wait_for_replica
from engine.store.epoch import Epoch, read_epochs
from engine.store.erasure import Erasure
from engine.store.identities import Identities
from engine.store.log import Log
from engine.store.messages import (
    commit_args,
    commit_keys,
    customer_keys,
    load_args,
    loaded,
    seen_of,
)
from engine.store.quarantine import Quarantine
from engine.store.rewriting import Rewriting
from engine.store.scripts import Call, Script, checked
from engine.store.servers import Servers

_load = Script("load")
_commit = Script("commit")
_find = Script("find")


class Health(NamedTuple):
    """Whether customers can be loaded and committed; `reason` says why not, empty when they can."""

    ready: bool
    reason: str


class Store:
    """Customers, decisions and model aliases; each verb is one trip and touches one slot, and
    each `…_all` one trip a server.

    `warnings` are for the log; `erasure`, `identities`, `log`, `rewriting` and `quarantine` have
    the verbs of those. Every verb raises StoreUnavailable when the store does not answer,
    StateUnknown when its memory is not the one we knew; deadlines are `time.monotonic` seconds.
    """

    def __init__(
        self,
        servers: Servers,
        epoch: Epoch,
        warnings: tuple[str, ...] = (),
        replicated: bool = False,
    ) -> None:
        """`replicated`: a change of consent is only acknowledged once a replica has it."""
        self.warnings = warnings
        self._replicated = replicated
        self.erasure = Erasure(servers, epoch)
        self.identities = Identities(servers, epoch)
        self.log = Log(servers)
        self.rewriting = Rewriting(servers)
        self.quarantine = Quarantine(servers)
        self._servers = servers
        self._epoch = epoch

    def load(
        self, customer_id: str, seen: Sequence[str] = (), deadline: float | None = None
    ) -> Loaded:
        """A customer, new or known, and what was answered to the idempotency keys `seen`."""
        partition, ask = partition_of(customer_id), Ask(customer_id, seen)
        answer = _load.run(
            self._servers,
            keys.slot_of(partition),
            customer_keys(partition, customer_id, time.time_ns() // 1_000_000),
            load_args(ask),
            deadline,
        )
        return loaded(ask, answer, self._epoch)

    def load_all(self, asked: Sequence[Ask]) -> Iterator[Loaded]:
        """Many customers, each with the idempotency keys asked about; one trip a server. Each is
        unpacked as its turn comes: who lets go of one before the next needs less memory, and
        the same again, which is a good deal quicker."""
        now = time.time_ns() // 1_000_000
        calls: list[Call] = []
        for one in asked:
            partition = partition_of(one.customer_id)
            names = customer_keys(partition, one.customer_id, now)
            calls.append((keys.slot_of(partition), names, load_args(one)))
        answers = _load.run_all(self._servers, calls)
        return (
            loaded(one, answer, self._epoch) for one, answer in zip(asked, answers, strict=True)
        )

    def commit(self, change: Change, deadline: float | None = None) -> Committed | Conflict | Known:
        """All of the change and its records, or nothing.

        CustomerFull when it has more idempotency keys this week than one person has.
        AnswerLost when it may have happened: ask again with the same decision id or
        idempotency keys, and `Known` says that it did.
        """
        partition = partition_of(change.customer_id)
        answer = _commit.run(
            self._servers,
            keys.slot_of(partition),
            commit_keys(partition, change),
            commit_args(change, self._epoch.known),
            deadline,
        )
        result = self._result(change, answer, deadline)
        if isinstance(result, CustomerFull):
            raise result
        return result

    def commit_all(self, changes: Sequence[Change]) -> list[Result]:
        """Each change on its own, as `commit`; one trip a server. AnswerLost: all in doubt."""
        calls: list[Call] = []
        for change in changes:
            partition = partition_of(change.customer_id)
            names, args = commit_keys(partition, change), commit_args(change, self._epoch.known)
            calls.append((keys.slot_of(partition), names, args))
        answers = _commit.run_all(self._servers, calls)
        return [
            self._result(change, answer, None)
            for change, answer in zip(changes, answers, strict=True)
        ]

    def find_decision(self, decision_id: str, deadline: float | None = None) -> Found | None:
        """A decision's customer and record; None when there is none, or no longer."""
        partition = partition_of_decision(decision_id)
        if partition is None:
            return None
        names = (
            keys.decision_key(partition, decision_id),
            keys.epoch_key(partition),
            keys.log_key(partition),
        )
        epoch, customer, record = _find.run(
            self._servers, keys.slot_of(partition), names, (), deadline
        )
        self._epoch.require(epoch)
        return None if record is None else Found(customer.decode(), record)

    def get_aliases(self, model: str) -> dict[str, str]:
        """The versions of a model by alias; empty when it has none."""
        key = keys.aliases_key(model)
        answer = checked(self._servers.read(keys.slot_of_key(key), ("HGETALL", key), None))
        return {name.decode(): of.decode() for name, of in zip(*[iter(answer)] * 2, strict=True)}

    def set_aliases(self, model: str, aliases: Mapping[str, str]) -> None:
        """Point aliases of a model at versions; other aliases stay."""
        key = keys.aliases_key(model)
        command = ("HSET", key, *chain.from_iterable(aliases.items()))
        checked(self._servers.write(keys.slot_of_key(key), command, None))

    def assure(self, customer_id: str) -> None:
        """NotReplicated unless all that this customer was told so far is where it must be for
        an opt-out to be acknowledged."""
        if self._replicated:
            wait_for_replica(self._servers, partition_of(customer_id))

    def health(self) -> Health:
        """Whether every partition can be loaded, and takes what would be committed to it."""
        try:
            for epoch in set(read_epochs(self._servers)):
                self._epoch.require(epoch)
            _try_writing(self._servers)
        except TellerError as error:
            return Health(False, str(error))
        return Health(True, "")

    def _result(self, change: Change, answer: Any, deadline: float | None) -> Result:
        match answer:
            case [b"committed", revision]:
                if "consent" in change.sections:
                    self.assure(change.customer_id)
                return Committed(revision)
            case [b"conflict", *state]:
                asked = Ask(change.customer_id, [row.key for row in change.seen])
                return Conflict(loaded(asked, state, self._epoch))
            case [b"known", answers, record]:
                return Known(seen_of([row.key for row in change.seen], answers), record)
            case [b"full", most]:
                return CustomerFull(
                    f"this customer sent {most:,} things this week, each with an id of its own: "
                    "no person does; name who really did it, or wait. Consent can still be said "
                    "by PATCH"
                )
            case [b"unknown", epoch]:
                return self._again(change, epoch, deadline)
        raise StateUnknown(f"the commit script answered {answer!r:.80}: is its server ours?")

    def _again(
        self, change: Change, epoch: bytes | None, deadline: float | None
    ) -> Committed | Conflict | Known:
        """The store's epoch may since have been accepted by an operator: then nothing is wrong."""
        self._epoch.require(epoch)
        return self.commit(change, deadline)


def _try_writing(servers: Servers) -> None:
    """Write nothing, everywhere: a server whose disk or memory is full, or that is a replica,
    refuses even that. Raises StoreUnavailable."""
    commands = [
        (keys.slot_of(of), ("SET", keys.never_key(of), "", "XX")) for of in range(PARTITIONS)
    ]
    for answer in servers.write_all(commands):
        checked(answer)
