"""What was answered before, answered again."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from engine.catalogue import Catalogue
from engine.change import Seen
from engine.domain import Consent
from engine.errors import BodyMismatch, Problem
from engine.plan import Explain, Plan
from engine.record import DecisionRecord
from engine.rules.consent import refuses_personalisation
from engine.rules.masks import mask_of
from engine.services.deciding.replay import Replay
from engine.wire.replies import DecisionReply, Sign, decision_reply

_OTHER_BODY = "(or the Idempotency-Key header) was used before, with another body: use a new one"


class Earlier:
    """Tells decisions of before from their records; it decides nothing anew."""

    def __init__(self, replay: Replay, sign: Sign) -> None:
        self._replay = replay
        self._sign = sign

    def sent_again(
        self, before: Seen, asked: Seen, catalogue: Catalogue, consent: Mapping[str, Consent]
    ) -> DecisionReply | None:
        """What was answered to this request id; None where the customer, who says `consent` by
        now, has since said no to something in it (I4). `catalogue` is the one that serves.

        Raises BodyMismatch where the id came with another body, and NotFound.
        """
        if before.digest != asked.digest:
            raise BodyMismatch([Problem("/request_id", _OTHER_BODY)])
        found = self._replay.find(before.answer.decode())
        same = found.catalogue == catalogue.digest
        rules = catalogue if same else self._replay.catalogue(found)
        return self._told(found) if _welcome(found.plan, rules, consent) else None

    def held(self, decision_id: str, explain: Explain) -> DecisionReply:
        """A decision that still holds, explained as asked now. Raises NotFound."""
        return self._told(self._replay.find(decision_id), explain)

    def _told(self, found: DecisionRecord, explain: Explain | None = None) -> DecisionReply:
        request = msgspec.structs.replace(found.request, explain=explain or found.request.explain)
        plan = found.plan
        if request.explain == "full" or request.explain != found.request.explain:
            plan = self._replay.again(found, request.explain)  # the record keeps no more
        return decision_reply(request, plan, found.catalogue, found.models, self._sign)


def _welcome(plan: Plan, catalogue: Catalogue, consent: Mapping[str, Consent]) -> bool:
    """Whether all that was chosen under that catalogue is allowed by who says `consent`, and so
    is how: what a model saw in someone is not told again to who refused personalisation since."""
    if plan.features and refuses_personalisation(consent):
        return False
    chosen = mask_of(catalogue.index[one.action] for of in plan.placements for one in of.actions)
    return not any(chosen & no.mask for no in catalogue.consent.knockouts(consent))
