"""Events of other systems: read, linked, taken in; what does not fit is set aside, not lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from engine.errors import InvalidRequest, Problem
from engine.services.deciding.changes import retention
from engine.services.intake.heard import Heard
from engine.services.intake.quarantine import Quarantine, SetAside
from engine.services.intake.settling import Settling
from engine.services.intake.whose import Whose
from engine.services.keyring import Sender
from engine.services.ports import Serving, Watch
from engine.wire.events import AgainReply, SetAsideReply
from engine.wire.segment import Delivery
from engine.wire.values import rfc3339


class Events:
    """Every call of Segment's and RudderStack's SDKs. Nothing is acknowledged that was neither
    committed nor set aside (I6)."""

    def __init__(
        self,
        settling: Settling,
        whose: Callable[[], Whose],
        quarantine: Quarantine,
        serving: Serving,
        watch: Watch,
        largest: int,
    ) -> None:
        """`whose`: makes one for the events of a request. `largest`: bytes an event may have."""
        self._settling = settling
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
        live, whose = self._serving.live, self._whose()
        heard = Heard(whose, live.catalogue, self._largest, user_agent, late=late)
        for index, one in enumerate(arrived):
            heard.take(index, one)
        fate, flaws = heard.fate, {**heard.flaws, **whose.unlinked()}
        self._settling.settle(heard.rows, live.catalogue, retention(live), fate)
        reasons = {**fate.rejected, **flaws}
        aside = [self._because(arrived[at], reason) for at, reason in reasons.items()]
        self._watch.events(
            fate.accepted, fate.duplicates, len(aside), fate.refused, fate.bots, heard.ignored
        )
        return aside, [(at, reasons[at]) for at in sorted(heard.noes & fate.rejected.keys())]

    def _because(self, one: SetAside, reason: str) -> SetAside:
        """The event set aside; one that is too large leaves only its reason."""
        event = one.event if len(one.event) <= self._largest else b""
        return replace(one, event=event, reason=reason)
