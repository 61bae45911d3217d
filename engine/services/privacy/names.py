"""By which names somebody is known: identities that lead to them, or were named with them."""

from __future__ import annotations

from collections.abc import Collection

from engine.codec import pack_pointer, unpack_pointer
from engine.identity import disclaimed
from engine.services.people.holdings import Person
from engine.services.ports import Pointing


class Names:
    """The identities of whoever is erased. Those set apart, which too many share, nobody lists as
    theirs."""

    def __init__(self, pointing: Pointing) -> None:
        self._pointing = pointing

    def forget(self, person: Person) -> int:
        """No identity leads to them any more, nor was one ever named with them; how many did."""
        apart = set(self._pointing.shared())
        found = {*person.loaded.state.identities, *apart}
        return sum(self._forget(one, person.ids, one in apart) for one in found)

    def apart(self, person: Person) -> bool:
        """Whether they were named with an identity set apart."""
        apart = (unpack_pointer(self._pointing.pointer(one)) for one in self._pointing.shared())
        return any(disclaimed(held, person.ids) != held for held in apart)

    def _forget(self, identity: str, ids: Collection[str], apart: bool) -> bool:
        """The identity leads to none of these ids and was never named with them; whether it was."""
        while True:
            packed = self._pointing.pointer(identity)
            held = unpack_pointer(packed)
            after = disclaimed(held, ids)
            if after == held:
                return False
            left = bool(after.customer_id or after.claims)
            onward = pack_pointer(after) if left else None
            if self._pointing.point(identity, packed, onward, shared=apart and left):
                return True
