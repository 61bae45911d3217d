"""Events of other systems: read, linked, taken in; what does not fit is set aside, not lost.

Customers are loaded and committed many at a time, two trips for up to `TOGETHER` of them.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from msgspec.structs import replace

from engine.catalogue import Catalogue
from engine.change import Committed, Loaded
from engine.errors import Contention, CustomerFull, IdentityShared, InvalidRequest, Problem
from engine.services.deciding.changes import retention
from engine.services.intake.fate import Fate
from engine.services.intake.hearing import hear, said, seen_of
from engine.services.intake.interactions import Name
from engine.services.intake.made import Made
from engine.services.intake.quarantine import Quarantine, SetAside
from engine.services.intake.taking import Row, take
from engine.services.intake.whose import Whose
from engine.services.keyring import Sender
from engine.services.ports import Bulk, People, Serving, Watch
from engine.wire.bots import is_bot
from engine.wire.events import AgainReply, SetAsideReply
from engine.wire.one_event import read_briefly, unclear, user_agent_of
from engine.wire.segment import Delivery
from engine.wire.telling import unsubscribes
from engine.wire.values import rfc3339

TOGETHER = 128
PATIENCE = 5.0  # seconds for which customers that keep changing are tried again

_NEEDS_SECRET = frozenset(("identify", "alias"))  # who may speak of anyone's identities and traits


Part = tuple[Name, list[Row]]
"""A customer, as the events say it, and what they tell."""


class Events:
    """Every call of Segment's and RudderStack's SDKs. Nothing is acknowledged that was neither
    committed nor set aside (I6)."""

    def __init__(
        self,
        people: People,
        bulk: Bulk,
        whose: Callable[[], Whose],
        quarantine: Quarantine,
        serving: Serving,
        watch: Watch,
        largest: int,
    ) -> None:
        """`whose`: makes one for the events of a request. `largest`: bytes an event may have."""
        self._people = people
        self._bulk = bulk
        self._whose = whose
        self._quarantine = quarantine
        self._serving = serving
        self._watch = watch
        self._largest = largest

    def take_in(self, delivery: Delivery, sender: Sender, user_agent: str) -> None:
        """Take in all events; `user_agent` of the request is the visitor's where a page sent it.
        Raises StoreUnavailable, StateUnknown or Contention, after which all of them may be sent
        again, and InvalidRequest for opt-outs that could not be taken: those are set aside, and
        never acknowledged (I4)."""
        received_at = time.time_ns() // 1_000_000
        aside, unheard = self._happen(
            [
                SetAside(raw, delivery.call, *sender, delivery.sent_at, received_at, "")
                for raw in delivery.events()
            ],
            "" if sender.trusted else user_agent,
        )
        self._quarantine.keep(aside)
        if unheard:
            raise InvalidRequest(
                [Problem("" if delivery.call else f"/batch/{at}", why) for at, why in unheard]
            )

    def set_aside(self) -> list[SetAsideReply]:
        """What is set aside, oldest first."""
        return [
            SetAsideReply(
                name,
                rfc3339(one.received_at),
                one.reason,
                one.source,
                one.event.decode("utf-8", "replace"),
            )
            for name, one in self._quarantine.all()
        ]

    def again(self, ids: Sequence[str]) -> AgainReply:
        """Take in what is set aside after all, or those of `ids`; what still does not fit stays."""
        chosen = [(name, one) for name, one in self._quarantine.all() if not ids or name in ids]
        aside, _ = self._happen([one for _, one in chosen], late=True)
        still = {(one.event, one.received_at) for one in aside}
        done = [name for name, one in chosen if (one.event, one.received_at) not in still]
        self._quarantine.drop(done)
        return AgainReply(len(done), len(chosen) - len(done))

    def forget(self, ids: Sequence[str]) -> int:
        """Let what is set aside go; how many of `ids` there were."""
        held = [name for name, _ in self._quarantine.all() if name in ids]
        self._quarantine.drop(held)
        return len(held)

    def _happen(
        self, arrived: Sequence[SetAside], user_agent: str = "", *, late: bool = False
    ) -> tuple[list[SetAside], list[tuple[int, str]]]:
        """Take in what can be; the others, each with its reason, and where opt-outs failed.

        `user_agent`: of events that name none. What a bot did does not count, but for a no.
        `late`: they were set aside since they came.
        """
        live = self._serving.live
        fate, refused, ignored = Fate(), 0, 0
        whose = self._whose()
        flaws: dict[int, str] = {}
        noes: set[int] = set()
        rows: defaultdict[Name, list[Row]] = defaultdict(list)
        for index, one in enumerate(arrived):
            try:
                event, told, flaw = hear(one, live.catalogue, self._largest)
                if not one.trusted and event.type in _NEEDS_SECRET:
                    refused += 1
                    continue
                if not told.says_no and is_bot(user_agent_of(event) or user_agent):
                    fate.bots += 1
                    continue
                if told.says_no:
                    noes.add(index)
                if flaw:
                    flaws[index] = flaw
                if not one.trusted:
                    told = told._replace(outcome=None, attributes={})
                customer = whose.of(index, event, told, one.trusted, links=not flaw)
            except (InvalidRequest, IdentityShared, CustomerFull) as error:
                event = read_briefly(one.event, one.call)
                if one.trusted and (unsubscribes(event, live.catalogue) or unclear(one.event)):
                    noes.add(index)
                if index not in noes and is_bot(user_agent_of(event) or user_agent):
                    fate.bots += 1  # nobody will want to mend it
                else:
                    fate.rejected[index] = said(error)
                continue
            came = one.received_at if late else None
            seen = seen_of(event, one, told, flaw)
            rows[customer].append(Row(index, told, seen, one.trusted, came))
            ignored += told.ignored
        flaws.update(whose.unlinked())
        self._settle(rows, live.catalogue, retention(live), fate)
        reasons = {**fate.rejected, **flaws}
        aside = [self._because(arrived[at], reason) for at, reason in reasons.items()]
        refused += fate.refused
        self._watch.events(fate.accepted, fate.duplicates, len(aside), refused, fate.bots, ignored)
        return aside, [(at, reasons[at]) for at in sorted(noes & fate.rejected.keys())]

    def _because(self, one: SetAside, reason: str) -> SetAside:
        """The event set aside; one that is too large leaves only its reason."""
        event = one.event if len(one.event) <= self._largest else b""
        return replace(one, event=event, reason=reason)

    def _settle(
        self, rows: Mapping[Name, list[Row]], catalogue: Catalogue, keep: int, fate: Fate
    ) -> None:
        """Commit every customer's rows, `TOGETHER` customers at a time."""
        made = Made(self._people)
        waiting = iter(rows.items())
        while some := list(islice(waiting, TOGETHER)):
            left = self._round(some, catalogue, keep, made, fate)
            deadline = time.monotonic() + PATIENCE
            while left:
                if time.monotonic() >= deadline:
                    raise Contention("these customers keep changing: send the events again")
                left = self._round(left, catalogue, keep, made, fate)

    def _round(
        self,
        parts: Sequence[Part],
        catalogue: Catalogue,
        keep: int,
        made: Made,
        fate: Fate,
    ) -> list[Part]:
        """Load, take and commit some customers; those that changed meanwhile are left."""
        taken = [
            (part, take(loaded, part[1], catalogue, made, keep))
            for part, loaded in self._loaded(parts, fate)
        ]
        changes = [upshot.change for _, upshot in taken if upshot.change]
        results = iter(self._bulk.commit_all(changes))
        left = []
        for part, upshot in taken:
            result = next(results) if upshot.change else None
            if isinstance(result, CustomerFull):
                fate.rejected.update((row.at, str(result)) for row in part[1])
                continue
            if not isinstance(result, Committed | None):
                left.append(part)
                continue
            fate.add(upshot.fate)
            if upshot.only_repeats_a_no:
                self._people.assure(upshot.customer_id)
        return left

    def _loaded(self, parts: Sequence[Part], fate: Fate) -> Iterator[tuple[Part, Loaded]]:
        """Each part with its customer, followed where it was merged or is not who it was. One
        whose customer cannot be told or never rests is rejected, and takes no other along."""
        asked = [
            (self._guess(name), list({key: None for row in rows for key in row.keys}))
            for name, rows in parts
        ]
        known = self._bulk.load_all([(guess, keys) for guess, keys in asked if guess])
        for part, (guess, keys) in zip(parts, asked, strict=True):
            loaded = next(known) if guess else None
            try:
                followed = self._followed(part[0], keys, loaded)
            except (IdentityShared, Contention) as error:
                fate.rejected.update((row.at, str(error)) for row in part[1])
                continue
            yield part, followed

    def _guess(self, name: Name) -> str:
        """The customer's id, as far as we remember; empty when we do not."""
        return name.customer_id or self._people.remembered(name.identity) or ""

    def _followed(self, name: Name, keys: Sequence[str], loaded: Loaded | None) -> Loaded:
        settled = loaded and not loaded.redirect and not loaded.fence
        if loaded and settled and (not name.identity or name.identity in loaded.state.identities):
            return loaded
        if name.identity:
            return self._people.identified(name.identity, keys)
        return self._people.load(name.customer_id, keys)
