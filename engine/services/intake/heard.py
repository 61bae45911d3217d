"""What the events of one request tell, event after event, and which of them tell nothing."""

from __future__ import annotations

from collections import defaultdict

from engine.catalogue import Catalogue
from engine.errors import CustomerFull, IdentityShared, InvalidRequest, TellerError
from engine.services.intake.fate import Fate
from engine.services.intake.hearing import hear, said, seen_of
from engine.services.intake.interactions import Name
from engine.services.intake.quarantine import SetAside
from engine.services.intake.taking import Row
from engine.services.intake.whose import Whose
from engine.wire.bots import is_bot
from engine.wire.one_event import EventBody, read_briefly, unclear, user_agent_of
from engine.wire.telling import unsubscribes

_NEEDS_SECRET = frozenset(("identify", "alias"))  # who may speak of anyone's identities and traits


class Heard:
    """`rows`: what is told of whom; `flaws`: why nothing but its opt-out counts of an event;
    `noes`: the events that opt out; `fate`: of those that are not among the rows; `ignored`: how
    many fields nobody declared. Events go by where they stand in the request."""

    def __init__(
        self, whose: Whose, catalogue: Catalogue, largest: int, user_agent: str, *, late: bool
    ) -> None:
        """`user_agent`: of events that name none. `late`: they were set aside since they came."""
        self.rows: defaultdict[Name, list[Row]] = defaultdict(list)
        self.flaws: dict[int, str] = {}
        self.noes: set[int] = set()
        self.fate = Fate()
        self.ignored = 0
        self._whose = whose
        self._catalogue = catalogue
        self._largest = largest
        self._user_agent = user_agent
        self._late = late

    def take(self, index: int, one: SetAside) -> None:
        """Hear the next event. What a bot did does not count, but for a no."""
        try:
            self._hear(index, one)
        except (InvalidRequest, IdentityShared, CustomerFull) as error:
            self._reject(index, one, error)

    def _hear(self, index: int, one: SetAside) -> None:
        event, told, flaw = hear(one, self._catalogue, self._largest)
        if not one.trusted and event.type in _NEEDS_SECRET:
            self.fate.refused += 1
            return
        if not told.says_no and self._by_bot(event):
            self.fate.bots += 1
            return
        if told.says_no:
            self.noes.add(index)
        if flaw:
            self.flaws[index] = flaw
        if not one.trusted:
            told = told._replace(outcome=None, attributes={})
        customer = self._whose.of(index, event, told, one.trusted, links=not flaw)
        came = one.received_at if self._late else None
        seen = seen_of(event, one, told, flaw)
        self.rows[customer].append(Row(index, told, seen, one.trusted, came))
        self.ignored += told.ignored

    def _reject(self, index: int, one: SetAside, error: TellerError) -> None:
        event = read_briefly(one.event, one.call)
        if one.trusted and (unsubscribes(event, self._catalogue) or unclear(one.event)):
            self.noes.add(index)
        if index not in self.noes and self._by_bot(event):
            self.fate.bots += 1  # nobody will want to mend it
        else:
            self.fate.rejected[index] = said(error)

    def _by_bot(self, event: EventBody) -> bool:
        return is_bot(user_agent_of(event) or self._user_agent)
