"""Finding a customer by whatever name they have: an id, a former id, an identity.

One trip by id, and by an identity met before; what is cached is checked against the customer
that comes back, so it may be old but never wrong.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from engine.change import Change, Committed, Conflict, Found, Known, Loaded
from engine.codec import pack_pointer, unpack_pointer
from engine.domain import Pointer
from engine.errors import Contention, IdentityShared
from engine.identity import MADE
from engine.services.people.lists import Lists
from engine.services.people.merges import Merges
from engine.services.people.remembered import Remembered
from engine.services.people.rules import SHARED, Rules
from engine.services.ports import Memory, Pointing

_ATTEMPTS = 20


class Resolver:
    """The store, with every customer under the one id they have now (`ports.People`)."""

    def __init__(
        self, store: Memory, pointing: Pointing, merges: Merges, rules: Rules, lists: Lists
    ) -> None:
        self._store = store
        self._pointing = pointing
        self._merges = merges
        self._rules = rules
        self._lists = lists
        self._redirects = Remembered()
        self._holders = Remembered()

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
            self._lists.add(loaded, identity, deadline)
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
