"""A stored decision, told or made again."""

from __future__ import annotations

import msgspec

from engine.record import DecisionRecord
from engine.services.deciding.replay import Replay, differences
from engine.wire.replies import (
    DecisionReply,
    DecisionView,
    RankedReply,
    ReplayReply,
    Sign,
    decision_reply,
)
from engine.wire.values import rfc3339


class Records:
    """`GET /v1/decisions/{id}` and `POST /v1/decisions/{id}/replay`."""

    def __init__(self, replay: Replay, sign: Sign) -> None:
        self._replay = replay
        self._sign = sign

    def view(self, decision_id: str) -> DecisionView:
        """The decision with every candidate and its reason. Raises NotFound."""
        entry = self._replay.find(decision_id)
        candidates = self._replay.again(entry, "full").candidates
        plan = msgspec.structs.replace(entry.plan, candidates=candidates)
        return DecisionView(
            decision_reply(entry.request, plan, entry.catalogue, entry.models, self._sign),
            rfc3339(entry.now),
            entry.request.channel,
            dict(entry.request.context),
            [
                RankedReply(row.placement, row.action, row.propensity, row.priority)
                for row in entry.plan.ranking
            ],
        )

    def replay(self, decision_id: str) -> ReplayReply:
        """Decide again from the record, and compare. Raises NotFound."""
        entry = self._replay.find(decision_id)
        plan = self._replay.again(entry)
        found = differences(entry.plan, plan)
        return ReplayReply(not found, self._answer(entry), found)

    def _answer(self, entry: DecisionRecord) -> DecisionReply:
        return decision_reply(entry.request, entry.plan, entry.catalogue, entry.models, self._sign)
