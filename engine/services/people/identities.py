"""Finding a customer by whatever name they have: an id, a former id, an identity.

One trip by id, and by an identity met before; what is cached is checked against the customer
that comes back, so it may be old but never wrong.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from threading import Lock

from msgspec.structs import replace

from engine import record
from engine.change import Change, Committed, Conflict, Found, Known, Loaded
from engine.codec import pack_names, pack_pointer, unpack_pointer
from engine.domain import Pointer
from engine.errors import AnswerLost, Contention, IdentityShared, InvalidRequest, Problem
from engine.identity import MADE, shared
from engine.namespaces import normalise
from engine.record import IdentityRecord
from engine.services.deciding.changes import change_of, retention
from engine.services.people.merges import Merges
from engine.services.ports import Memory, Pointing, Serving

_ATTEMPTS = 20
_REMEMBERED = 100_000
SHARED = (
    "too many customers share this identity, so it names none of them and merges nobody: name "
    "the customer by id, or by an identity of their own"
)


class Rules:
    """What counts as an identity here. `region`: of phone numbers without a country code, ISO
    3166; `limit`: how many customers may be named with one identity."""

    def __init__(self, serving: Serving, region: str | None, limit: int) -> None:
        self._serving = serving
        self._region = region
        self._limit = limit

    def normal(self, identity: str, pointer: str = "/identity") -> str:
        """The identity as it is stored. Raises InvalidRequest, which points at `pointer`."""
        try:
            return normalise(identity, self._serving.live.catalogue.identities, self._region)
        except ValueError as error:
            raise InvalidRequest([Problem(pointer, str(error))]) from None

    def shared(self, pointer: Pointer) -> bool:
        """Whether too many customers share the identity."""
        return shared(pointer, self._limit)


class Resolver:
    """The store, with every customer under the one id they have now (`ports.People`)."""

    def __init__(
        self, store: Memory, pointing: Pointing, merges: Merges, rules: Rules, serving: Serving
    ) -> None:
        self._store = store
        self._pointing = pointing
        self._merges = merges
        self._rules = rules
        self._serving = serving
        self._redirects = _Cache()
        self._holders = _Cache()

    def normal(self, identity: str, pointer: str = "/identity") -> str:
        """The identity as it is stored. Raises InvalidRequest, which points at `pointer`."""
        return self._rules.normal(identity, pointer)

    def load(
        self, customer_id: str, seen: Sequence[str] = (), deadline: float | None = None
    ) -> Loaded:
        """The customer, or the one it was merged into. Raises Contention, and as the store."""
        survivor = self._redirects.get(customer_id)
        if survivor is not None:
            loaded = self._settled(self._store.load(survivor, seen, deadline), seen, deadline)
            if customer_id in loaded.state.merged:
                return loaded
            self._redirects.drop(customer_id)
        loaded = self._settled(self._store.load(customer_id, seen, deadline), seen, deadline)
        if loaded.state.customer_id != customer_id:
            self._redirects.put(customer_id, loaded.state.customer_id)
        return loaded

    def commit(self, change: Change, deadline: float | None = None) -> Committed | Conflict | Known:
        """As the store's; the conflict of a customer that was merged carries the survivor."""
        result = self._store.commit(change, deadline)
        if isinstance(result, Conflict):
            asked = [row.key for row in change.seen]
            return Conflict(self._settled(result.loaded, asked, deadline))
        return result

    def find_decision(self, decision_id: str, deadline: float | None = None) -> Found | None:
        """As the store's: whose decision it was then."""
        return self._store.find_decision(decision_id, deadline)

    def assure(self, customer_id: str) -> None:
        """As the store's."""
        self._store.assure(customer_id)

    def canonical(self, customer_id: str, deadline: float | None = None) -> str:
        """The id this customer has now."""
        return self.load(customer_id, (), deadline).state.customer_id

    def identified(
        self,
        identity: str,
        seen: Sequence[str] = (),
        deadline: float | None = None,
        *,
        create: bool = True,
    ) -> Loaded:
        """Whom a normalised identity names; somebody new when it names nobody.

        Two workers that meet a new identity at once agree on one customer. Without `create`
        nothing is written. Raises IdentityShared, Contention.
        """
        holder = self._holders.get(identity)
        if holder is not None:
            loaded = self.load(holder, seen, deadline)
            if identity in loaded.state.identities:
                if loaded.state.customer_id != holder:  # merged since
                    self._holders.put(identity, loaded.state.customer_id)
                return loaded
            self._holders.drop(identity)
        for _ in range(_ATTEMPTS):
            found = self._holder(identity, seen, deadline, create)
            if found is not None:
                return found
        raise Contention("this identity keeps changing: try again")

    def remembered(self, identity: str) -> str | None:
        """Whom a normalised identity named when last asked; to be checked against what is
        loaded."""
        return self._holders.get(identity)

    def remember(self, identity: str, customer_id: str) -> None:
        """Whom a normalised identity was just seen to name."""
        self._holders.put(identity, customer_id)

    def find(self, identity: str) -> Loaded | None:
        """Whom a normalised identity names, if anybody. Raises IdentityShared."""
        pointer = self._pointer(identity, None)[0]
        return self.load(pointer.customer_id) if pointer.customer_id else None

    def list_identity(self, loaded: Loaded, identity: str, deadline: float | None = None) -> bool:
        """Write down with the customer that the identity is theirs; False when it changed."""
        return self._write(self.listing(loaded, [identity]), deadline)

    def listing(self, loaded: Loaded, identities: Sequence[str]) -> Change:
        """The change that writes down with the customer that these are theirs, too."""
        return self._naming(loaded, identities, {*loaded.state.identities, *identities}, True)

    def unlist_identity(self, loaded: Loaded, identity: str, deadline: float | None = None) -> bool:
        """Write down that the identity is no longer theirs; False when the customer changed."""
        listed = {*loaded.state.identities} - {identity}
        return self._write(self._naming(loaded, [identity], listed, False), deadline)

    def _holder(
        self, identity: str, seen: Sequence[str], deadline: float | None, create: bool
    ) -> Loaded | None:
        """The customer the identity points at, who knows of it; None when we must look again."""
        pointer, before = self._pointer(identity, deadline)
        if not pointer.customer_id:
            made = MADE + secrets.token_hex(16)
            if not create:
                return self._store.load(made, seen, deadline)
            after = pack_pointer(replace(pointer, customer_id=made))
            if not self._pointing.point(identity, before, after, deadline=deadline):
                return None
            pointer = replace(pointer, customer_id=made)
        loaded = self.load(pointer.customer_id, seen, deadline)
        if create and identity not in loaded.state.identities:
            self.list_identity(loaded, identity, deadline)
            return None
        self._holders.put(identity, loaded.state.customer_id)
        return loaded

    def _pointer(self, identity: str, deadline: float | None) -> tuple[Pointer, bytes | None]:
        packed = self._pointing.pointer(identity, deadline)
        pointer = unpack_pointer(packed)
        if self._rules.shared(pointer):
            raise IdentityShared(SHARED)
        return pointer, packed

    def _settled(self, loaded: Loaded, seen: Sequence[str], deadline: float | None) -> Loaded:
        """The customer itself; one that was merged, or is being merged, is followed."""
        passed: dict[str, str] = {}
        for _ in range(_ATTEMPTS):
            while loaded.redirect is not None and loaded.state.customer_id not in passed:
                passed[loaded.state.customer_id] = loaded.redirect
                loaded = self._store.load(loaded.redirect, seen, deadline)
            if loaded.redirect is None and loaded.fence is None:
                self._shorten(passed, loaded.state.customer_id, deadline)
                return loaded
            self._merges.finish(loaded.state.customer_id, deadline)
            loaded = self._store.load(loaded.state.customer_id, seen, deadline)
        raise Contention("this customer keeps being merged: try again")

    def _shorten(self, passed: Mapping[str, str], survivor: str, deadline: float | None) -> None:
        """Merges of merges are followed from end to end once, however many there are."""
        for customer_id, onward in passed.items():
            if onward != survivor:
                self._pointing.shorten(customer_id, onward, survivor, deadline)

    def _naming(
        self, loaded: Loaded, identities: Sequence[str], listed: Collection[str], linked: bool
    ) -> Change:
        who, now = loaded.state.customer_id, loaded.now
        spaces = [one.partition(":")[0] for one in identities]
        entries = [record.encode(IdentityRecord(who, space, linked, now)) for space in spaces]
        sections = {"identities": pack_names(tuple(sorted(listed)))}
        return change_of(loaded, sections, entries, (), retention(self._serving.live))

    def _write(self, change: Change, deadline: float | None) -> bool:
        try:
            return isinstance(self._store.commit(change, deadline), Committed)
        except AnswerLost:
            return False  # whoever asks looks again, and finds it listed if it is


class _Cache:
    """Names to ids, the oldest forgotten first."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, str] = OrderedDict()  # a dict is slow to find its first
        self._lock = Lock()
        self.get = self._ids.get

    def put(self, name: str, customer_id: str) -> None:
        with self._lock:
            if len(self._ids) >= _REMEMBERED:
                self._ids.popitem(last=False)
            self._ids[name] = customer_id

    def drop(self, name: str) -> None:
        with self._lock:
            self._ids.pop(name, None)
