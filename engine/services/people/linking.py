"""Linking an identity to a customer; where it already names another one, the two become one."""

from __future__ import annotations

import time
from collections.abc import Callable

from msgspec.structs import replace

from engine.change import Loaded
from engine.codec import pack_pointer, unpack_pointer
from engine.domain import CustomerState, Pointer
from engine.errors import Contention, CustomerFull, IdentityShared, NotFound
from engine.identity import MOST_NAMES, claim, fit, named
from engine.namespaces import ANONYMOUS
from engine.services.people.customers import document
from engine.services.people.identities import Resolver
from engine.services.people.lists import Lists
from engine.services.people.merges import Merges
from engine.services.people.rules import SHARED, Rules
from engine.services.ports import Pointing, Serving
from engine.wire.customers import CustomerReply
from engine.wire.identities import SharedReply

_FULL = (
    f"this customer has {MOST_NAMES} identities, or {MOST_NAMES} others became a part of them: "
    "more is no person; see what links them, and set TELLER_IDENTITY_LIMIT lower where devices are "
    "shared"
)

PATIENCE = 5.0  # seconds a link may go on retrying; it may have to merge first


class Linking:
    """`POST /v1/customers/{id}/identities`, `GET /v1/customers?identity=`, and what is shared."""

    def __init__(
        self,
        resolver: Resolver,
        pointing: Pointing,
        merges: Merges,
        rules: Rules,
        serving: Serving,
        lists: Lists,
    ) -> None:
        self._resolver = resolver
        self._pointing = pointing
        self._merges = merges
        self._rules = rules
        self._serving = serving
        self._lists = lists

    def find(self, identity: str) -> CustomerReply:
        """The customer an identity names. Raises InvalidRequest, NotFound, IdentityShared."""
        loaded = self._resolver.find(self._rules.normal(identity))
        if loaded is None or not loaded.state.revision:
            raise NotFound("this identity names no customer: link it to one first")
        return self._document(loaded)

    def link(self, customer_id: str, identity: str) -> CustomerReply:
        """The customer, or who survived a merge, once the identity is theirs.

        Creates the customer when unknown. Raises InvalidRequest, IdentityShared, CustomerFull,
        Contention.
        """
        return self._document(self._link(customer_id, self._rules.normal(identity)))

    def tie(self, customer_id: str, identity: str) -> str:
        """Link a normalised identity that an event says; why not, "" mostly.

        A device of another named customer stays theirs, for people may share one; what too many
        share is nobody's: neither is a reason. What is linked already is not counted as said
        once more, by whichever id. Raises Contention.
        """
        try:
            self._link(customer_id, identity, said=True)
        except IdentityShared:
            return ""
        except CustomerFull as error:
            return str(error)
        return ""

    def settled(self, customer_id: str, identity: str, deadline: float | None = None) -> Loaded:
        """The customer once linked; the identity of one erased meanwhile leads to nobody again."""
        loaded = self._resolver.load(customer_id, (), deadline)
        if identity not in loaded.state.identities:
            packed = self._pointing.pointer(identity, deadline)
            if unpack_pointer(packed).customer_id in (customer_id, loaded.state.customer_id):
                self._pointing.point(identity, packed, None, deadline=deadline)
        return loaded

    def shared(self) -> SharedReply:
        """The identities set apart because too many customers share them; not those of which
        erasures, or a higher limit, left few enough: they serve again at the next link."""
        apart = self._pointing.shared()
        return SharedReply([one for one in apart if self._rules.shared(self._held(one))])

    def _held(self, identity: str) -> Pointer:
        return unpack_pointer(self._pointing.pointer(identity))

    def _link(self, customer_id: str, identity: str, *, said: bool = False) -> Loaded:
        """`said`: by an event, see `tie`."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            loaded = self._resolver.load(customer_id, (), deadline)
            if self._linked(customer_id, loaded, identity, deadline, said):
                return self.settled(customer_id, identity, deadline)
        raise Contention("this customer keeps changing: link the identity again")

    def _linked(
        self, name: str, loaded: Loaded, identity: str, deadline: float, said: bool
    ) -> bool:
        """One step towards it; whether it was the last one."""
        packed = self._pointing.pointer(identity, deadline)
        held, state = unpack_pointer(packed), loaded.state
        other = self._other(held, state, identity, deadline)
        if said and held.customer_id and not other and identity in state.identities:
            return True
        if said and self._anothers(identity, held, other):
            return self._without(loaded, identity, deadline)
        claimed = claim(held, name)
        if self._rules.shared(claimed):
            return self._set_apart(identity, packed, claimed, deadline)
        if not state.revision or identity not in state.identities:
            if len(state.identities) >= MOST_NAMES:
                raise CustomerFull(_FULL)
            listed = self._lists.add(loaded, identity, deadline)
            if not listed or other:
                return False
        if other:
            if not fit(state, other):
                raise CustomerFull(_FULL)
            if self._point(identity, packed, held, claimed, deadline):
                self._merges.merge(state, other, deadline)
            return False
        ours = replace(claimed, customer_id=state.customer_id)
        return self._point(identity, packed, held, ours, deadline)

    def _other(
        self, held: Pointer, state: CustomerState, identity: str, deadline: float
    ) -> CustomerState | None:
        """Whom the identity names, if there is such a customer and it is not this one."""
        if held.customer_id in ("", state.customer_id):
            return None
        other = self._resolver.load(held.customer_id, (), deadline).state
        if not other.revision and not named(other):
            # Being made for it just now. They are made before they are merged: were it pointed
            # elsewhere first, what their maker then remembers with them would be lost to everybody.
            other = self._resolver.identified(identity, (), deadline).state
        return other if other.revision and other.customer_id != state.customer_id else None

    def _anothers(self, identity: str, held: Pointer, other: CustomerState | None) -> bool:
        """Whether it is a device that another named customer has, or too many."""
        taken = self._rules.shared(held) or (other is not None and named(other))
        return taken and identity.startswith(f"{ANONYMOUS}:")

    def _without(self, loaded: Loaded, identity: str, deadline: float) -> bool:
        """It is another's, and not listed here: somebody else was quicker to point it."""
        if identity not in loaded.state.identities:
            return True
        return self._lists.drop(loaded, identity, deadline)

    def _point(
        self, identity: str, packed: bytes | None, held: Pointer, after: Pointer, deadline: float
    ) -> bool:
        if after == held:
            return True
        return self._pointing.point(identity, packed, pack_pointer(after), deadline=deadline)

    def _set_apart(
        self, identity: str, packed: bytes | None, claimed: Pointer, deadline: float
    ) -> bool:
        """The identity names nobody from now on, nor is it listed with whom it did name.

        False when it changed meanwhile. Raises IdentityShared.
        """
        nobody = pack_pointer(replace(claimed, customer_id=""))
        if not self._pointing.point(identity, packed, nobody, shared=True, deadline=deadline):
            return False
        if claimed.customer_id:
            self._until(lambda: self._unlisted(claimed.customer_id, identity, deadline), deadline)
        raise IdentityShared(SHARED)

    def _unlisted(self, customer_id: str, identity: str, deadline: float) -> bool:
        loaded = self._resolver.load(customer_id, (), deadline)
        if identity not in loaded.state.identities:
            return True
        return self._lists.drop(loaded, identity, deadline)

    def _until(self, done: Callable[[], bool], deadline: float) -> None:
        while not done():
            if time.monotonic() >= deadline:
                raise Contention("this customer keeps changing: link the identity again")

    def _document(self, loaded: Loaded) -> CustomerReply:
        return document(loaded.state, self._serving.live.catalogue, loaded.now)
