"""Decide for a customer: load, decide, commit; the fallback whenever that cannot be done."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

import msgspec

from engine.change import Change, Committed, Conflict, Known, Loaded, Seen
from engine.decide import decide
from engine.errors import (
    Contention,
    CustomerFull,
    IdentityShared,
    NotFound,
    StateUnknown,
    StoreUnavailable,
)
from engine.partitions import new_decision_id
from engine.plan import DecisionRequest, Plan
from engine.services.deciding.changes import changed_by, seen_of
from engine.services.deciding.commits import Commits
from engine.services.deciding.earlier import Earlier
from engine.services.deciding.fallbacks import code_of, fallback_plan
from engine.services.deciding.recent import Recent
from engine.services.deciding.replay import Replay
from engine.services.deciding.sampling import Sample
from engine.services.ports import People, Serving, Watch
from engine.situation import Live
from engine.wire.decisions import DecisionBody, to_request
from engine.wire.replies import DecisionReply, Sign, decision_reply

ATTEMPTS = 5


class Decisions:
    """`POST /v1/decisions`. A valid request always gets an answer, if need be the fallback (I9)."""

    def __init__(
        self,
        memory: People,
        serving: Serving,
        replay: Replay,
        sign: Sign,
        watch: Watch,
        recent: Recent,
        chance: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """`chance` gives that many random bytes, which ids and so draws derive from."""
        self._memory = memory
        self._commits = Commits(memory)
        self._serving = serving
        self._earlier = Earlier(replay, sign)
        self._sign = sign
        self._watch = watch
        self._recent = recent
        self._sample = Sample(watch)
        self._chance = chance

    def answer(self, body: DecisionBody, key: str | None, privacy_signal: bool) -> DecisionReply:
        """The decision, as JSON says it. Raises InvalidRequest, BodyMismatch."""
        started = time.monotonic()
        live = self._serving.live
        request = to_request(body, live.catalogue, key, privacy_signal)
        named = body.customer.identity
        identity = self._memory.normal(named, "/customer/identity") if named else None
        deadline = started + body.deadline_ms / 1000 if body.deadline_ms else None
        reply = self._decided_or_fallback(request, identity, live, deadline)
        self._count(reply, time.monotonic() - started)
        return reply

    def _decided_or_fallback(
        self, request: DecisionRequest, identity: str | None, live: Live, deadline: float | None
    ) -> DecisionReply:
        """The decision, or the fallback with a short code that says why."""
        try:
            return self._until_committed(request, identity, live, deadline)
        except StoreUnavailable as error:
            late = deadline is not None and time.monotonic() >= deadline
            return self._fallback(request, live, "deadline" if late else code_of(error))
        except (StateUnknown, NotFound, IdentityShared, CustomerFull, Contention) as error:
            return self._fallback(request, live, code_of(error))

    def _until_committed(
        self, request: DecisionRequest, identity: str | None, live: Live, deadline: float | None
    ) -> DecisionReply:
        asked = seen_of(request)
        loaded = self._left_here(request, identity)
        for _ in range(ATTEMPTS):
            if loaded is None:
                loaded = self._load(request, identity, asked, deadline)
            result = self._attempt(request, live, loaded, asked, deadline)
            if isinstance(result, DecisionReply):
                return result
            if result is not None:
                self._watch.conflict()
            loaded = result if result and _named(result, identity) else None
        return self._fallback(request, live, "contention")

    def _left_here(self, request: DecisionRequest, identity: str | None) -> Loaded | None:
        """The customer as this worker left them; None where the store is to be asked."""
        if request.mode != "live":
            return None
        named = request.customer_id if identity is None else self._memory.remembered(identity)
        loaded = self._recent.recall(named) if named else None
        return loaded if loaded and _named(loaded, identity) else None

    def _load(
        self,
        request: DecisionRequest,
        identity: str | None,
        asked: Sequence[Seen],
        deadline: float | None,
    ) -> Loaded:
        keys = [row.key for row in asked]
        if identity is None:
            return self._memory.load(request.customer_id, keys, deadline)
        create = request.mode == "live"
        return self._memory.identified(identity, keys, deadline, create=create)

    def _attempt(
        self,
        request: DecisionRequest,
        live: Live,
        loaded: Loaded,
        asked: Sequence[Seen],
        deadline: float | None,
    ) -> DecisionReply | Loaded | None:
        """The answer; or the customer as it is now, when it changed before the commit; None where
        the store is to be asked: no commit would tell whether what was recalled still holds, or
        this very request was answered before."""
        if loaded.seen and loaded.seen[0]:
            consent = loaded.state.consent
            reply = self._earlier.sent_again(loaded.seen[0], asked[0], live.catalogue, consent)
            return reply or self._fallback(request, live, "opted-out")
        if request.customer_id != loaded.state.customer_id:  # another name, or merged since
            request = msgspec.structs.replace(request, customer_id=loaded.state.customer_id)
        live = live.route(request) if live.route else live
        decision_id = new_decision_id(request.customer_id, loaded.now, self._chance(8))
        plan = decide(request, loaded.state, live, loaded.now, decision_id)
        if loaded.recalled and plan.contacts is None:
            self._recent.drop(request.customer_id)
            return None
        if request.mode == "live" and (asked or not plan.repeat):
            change = changed_by(request, loaded, live, plan, asked)
            result = self._commit(change, deadline)
            if isinstance(result, Conflict):
                self._recent.drop(request.customer_id)
                return result.loaded
            if isinstance(result, Committed) and plan.contacts is not None:
                self._recent.keep(loaded, change.sections, result.revision)
            if isinstance(result, Known) and result.answers and result.answers[0]:
                return None
        if plan.repeat:
            return self._earlier.held(plan.repeat, request.explain)
        self._sample.take(request, loaded.state, live.catalogue, plan)
        return self._told(request, live, plan)

    def _commit(self, change: Change, deadline: float | None) -> Committed | Conflict | Known:
        if deadline is not None and time.monotonic() >= deadline:
            raise StoreUnavailable("the caller's deadline passed before the commit")
        return self._commits.commit(change, deadline)

    def _fallback(self, request: DecisionRequest, live: Live, why: str) -> DecisionReply:
        now = time.time_ns() // 1_000_000
        decision_id = new_decision_id(request.customer_id, now, self._chance(8))
        plan = fallback_plan(request, live.catalogue, decision_id, why)
        return msgspec.structs.replace(self._told(request, live, plan), degraded=why)

    def _told(self, request: DecisionRequest, live: Live, plan: Plan) -> DecisionReply:
        return decision_reply(request, plan, live.catalogue.digest, live.versions, self._sign)

    def _count(self, answer: DecisionReply, seconds: float) -> None:
        if answer.mode != "live":
            self._watch.unkept(answer.mode)
        else:
            for placement in answer.placements:
                self._watch.decided(placement.id, placement.fallback)
        if answer.degraded:
            self._watch.degraded(answer.degraded)
        self._watch.took(seconds)


def _named(loaded: Loaded, identity: str | None) -> bool:
    """Whether it is who was asked for; somebody else may have the identity by now."""
    return identity is None or identity in loaded.state.identities
