"""Which identities are a customer's, written down with the customer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from engine import record
from engine.change import Change, Committed, Loaded
from engine.codec import pack_names
from engine.errors import AnswerLost
from engine.record import IdentityRecord
from engine.services.deciding.changes import change_of, retention
from engine.services.ports import Memory, Serving


class Lists:
    """The lists of customers as loaded. Whom an identity points at is another matter, see
    `engine.services.people.linking`."""

    def __init__(self, store: Memory, serving: Serving) -> None:
        self._store = store
        self._serving = serving

    def add(self, loaded: Loaded, identity: str, deadline: float | None = None) -> bool:
        """Write down that the identity is theirs; False when the customer changed."""
        return self._write(self.adding(loaded, [identity]), deadline)

    def adding(self, loaded: Loaded, identities: Sequence[str]) -> Change:
        """The change that writes down with the customer that these are theirs, too."""
        return self._naming(loaded, identities, {*loaded.state.identities, *identities}, True)

    def drop(self, loaded: Loaded, identity: str, deadline: float | None = None) -> bool:
        """Write down that the identity is no longer theirs; False when the customer changed."""
        listed = {*loaded.state.identities} - {identity}
        return self._write(self._naming(loaded, [identity], listed, False), deadline)

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
