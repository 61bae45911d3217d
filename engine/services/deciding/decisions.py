"""Decide for a customer: load, decide, commit; the fallback whenever that cannot be done."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec
import structlog

from engine.catalogue import Catalogue
from engine.change import Change, Committed, Conflict, Known, Loaded, Seen
from engine.decide import decide
from engine.domain import Consent
from engine.errors import (
    BodyMismatch,
    Contention,
    CustomerFull,
    IdentityShared,
    NotFound,
    Problem,
    StateUnknown,
    StoreUnavailable,
    TellerError,
)
from engine.partitions import new_decision_id
from engine.plan import DecisionRequest, Explain, Filled, Plan
from engine.record import DecisionRecord
from engine.rules.masks import mask_of
from engine.services.deciding.changes import changed_by, seen_of
from engine.services.deciding.commits import Commits
from engine.services.deciding.recent import Recent
from engine.services.deciding.replay import Replay
from engine.services.deciding.sampling import Sample
from engine.services.ports import People, Serving, Watch
from engine.situation import Live
from engine.wire.decisions import DecisionBody, to_request
from engine.wire.replies import DecisionReply, Sign, Versions, placement_reply

ATTEMPTS = 5

_CODES = (
    (StoreUnavailable, "store-unavailable"),
    (IdentityShared, "identity-shared"),
    (CustomerFull, "customer-full"),
    (Contention, "contention"),
)

_log = structlog.get_logger()


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
        self._replay = replay
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
        reply = self._degrading(request, identity, live, deadline)
        self._count(reply, time.monotonic() - started)
        return reply

    def _degrading(
        self, request: DecisionRequest, identity: str | None, live: Live, deadline: float | None
    ) -> DecisionReply:
        """The decision, or the fallback with a short code that says why."""
        try:
            return self._decide(request, identity, live, deadline)
        except StoreUnavailable as error:
            late = deadline is not None and time.monotonic() >= deadline
            return self._fallback(request, live, "deadline" if late else _code(error))
        except (StateUnknown, NotFound, IdentityShared, CustomerFull, Contention) as error:
            return self._fallback(request, live, _code(error))

    def _decide(
        self, request: DecisionRequest, identity: str | None, live: Live, deadline: float | None
    ) -> DecisionReply:
        asked = seen_of(request)
        loaded = self._just_met(request, identity)
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

    def _just_met(self, request: DecisionRequest, identity: str | None) -> Loaded | None:
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
            return self._answered(request, live, loaded, loaded.seen[0], asked[0])
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
            return self._recall(self._replay.find(plan.repeat), request.explain)
        self._sample.take(request, loaded.state, live.catalogue, plan)
        return self._reply(request, live, plan)

    def _commit(self, change: Change, deadline: float | None) -> Committed | Conflict | Known:
        if deadline is not None and time.monotonic() >= deadline:
            raise StoreUnavailable("the caller's deadline passed before the commit")
        return self._commits.commit(change, deadline)

    def _answered(
        self, request: DecisionRequest, live: Live, loaded: Loaded, before: Seen, asked: Seen
    ) -> DecisionReply:
        """What was answered to this request id, unless it came with another body; the fallback
        where the customer has since said no to something in it (I4)."""
        if before.digest != asked.digest:
            raise BodyMismatch(
                [Problem("/request_id", "was used before, with another body: use a new one")]
            )
        found = self._replay.find(before.answer.decode())
        same = found.catalogue == live.catalogue.digest
        rules = live.catalogue if same else self._replay.catalogue(found)
        if not _welcome(found.plan, rules, loaded.state.consent):
            return self._fallback(request, live, "opted-out")
        return self._recall(found)

    def _recall(self, found: DecisionRecord, explain: Explain | None = None) -> DecisionReply:
        """An earlier decision, answered again as it was; with `explain` as asked now, if given."""
        request = msgspec.structs.replace(found.request, explain=explain or found.request.explain)
        plan = found.plan
        if request.explain == "full" or request.explain != found.request.explain:
            plan = self._replay.again(found, request.explain)  # the record keeps no more
        return reply(request, plan, found.catalogue, found.models, self._sign)

    def _reply(self, request: DecisionRequest, live: Live, plan: Plan) -> DecisionReply:
        return reply(request, plan, live.catalogue.digest, live.versions, self._sign)

    def _fallback(self, request: DecisionRequest, live: Live, why: str) -> DecisionReply:
        """Every placement's own fallback: no marketing while we cannot know the customer."""
        now = time.time_ns() // 1_000_000
        plan = Plan(
            new_decision_id(request.customer_id, now, self._chance(8)),
            tuple(
                Filled(ask.id, True, content=live.catalogue.placements[ask.id].fallback)
                for ask in request.placements
            ),
        )
        _log.warning("degraded", decision_id=plan.decision_id, reason=why)
        answer = self._reply(request, live, plan)
        return msgspec.structs.replace(answer, degraded=why)

    def _count(self, answer: DecisionReply, seconds: float) -> None:
        if answer.mode != "live":
            self._watch.unkept(answer.mode)
        else:
            for placement in answer.placements:
                self._watch.decided(placement.id, placement.fallback)
        if answer.degraded:
            self._watch.degraded(answer.degraded)
        self._watch.took(seconds)


def reply(
    request: DecisionRequest, plan: Plan, catalogue: str, models: Mapping[str, str], sign: Sign
) -> DecisionReply:
    """A plan as answered."""
    explained = request.explain != "none"
    return DecisionReply(
        plan.decision_id,
        request.customer_id,
        request.mode,
        [placement_reply(filled, plan.decision_id, sign, explained) for filled in plan.placements],
        Versions(catalogue, dict(models)),
        candidates=msgspec.UNSET if plan.candidates is None else plan.candidates,
    )


def _welcome(plan: Plan, catalogue: Catalogue, consent: Mapping[str, Consent]) -> bool:
    """Whether all that was chosen under that catalogue is allowed by who says `consent`."""
    chosen = mask_of(catalogue.index[one.action] for of in plan.placements for one in of.actions)
    return not any(chosen & no.mask for no in catalogue.consent.knockouts(consent))


def _named(loaded: Loaded, identity: str | None) -> bool:
    """Whether it is who was asked for; somebody else may have the identity by now."""
    return identity is None or identity in loaded.state.identities


def _code(error: TellerError) -> str:
    return next((code for kind, code in _CODES if isinstance(error, kind)), "state-unknown")
