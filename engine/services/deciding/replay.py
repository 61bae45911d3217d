"""Deciding again from the record: with the catalogue and models of then, to the same answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import msgspec

from engine import record
from engine.catalogue import Catalogue
from engine.codec import unpack
from engine.decide import decide
from engine.errors import NotFound
from engine.plan import Explain, Plan
from engine.record import DecisionRecord
from engine.services.ports import Memory
from engine.situation import Live


class ServedBefore(Protocol):
    """What has served before, by digest."""

    def live_of(self, catalogue: str, models: Mapping[str, str]) -> Live:
        """A catalogue and models by their digests. Raises NotFound when one is not kept here."""
        ...


class Replay:
    """Finds stored decisions and makes them again (I7)."""

    def __init__(self, memory: Memory, kept: ServedBefore) -> None:
        self._memory = memory
        self._kept = kept

    def find(self, decision_id: str) -> DecisionRecord:
        """The record of a decision. Raises NotFound."""
        found = self._memory.find_decision(decision_id)
        entry = record.legible(found.record) if found else None
        if not isinstance(entry, DecisionRecord) or entry.plan.repeat:
            raise NotFound(f"no decision {decision_id!r:.80} is kept: never made, or too long ago")
        return entry

    def catalogue(self, entry: DecisionRecord) -> Catalogue:
        """The rules a decision was made under. Raises NotFound."""
        return self._kept.live_of(entry.catalogue, entry.models).catalogue

    def again(self, entry: DecisionRecord, explain: Explain | None = None) -> Plan:
        """The decision made again, with `explain` as asked here if given. Raises NotFound."""
        live = self._kept.live_of(entry.catalogue, entry.models)
        request = entry.request
        if explain is not None:
            request = msgspec.structs.replace(request, explain=explain)
        state = unpack(request.customer_id, entry.state)
        return decide(request, state, live, entry.now, entry.decision_id)


def differences(before: Plan, after: Plan) -> list[str]:
    """Where two plans differ in canonical JSON, as pointers with both values; empty when nowhere.

    Only what the record keeps is compared.
    """
    return list(_differ("", _canonical(before), _canonical(after)))


def _canonical(plan: Plan) -> Any:
    return msgspec.json.decode(msgspec.json.encode(record.bare(plan), order="deterministic"))


def _differ(at: str, before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _differ(f"{at}/{key}", before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differ(f"{at}/{index}", one, other)
    elif before != after:
        yield f"{at}: was {_short(before)}, is {_short(after)}"


def _short(value: Any) -> str:
    return msgspec.json.encode(value).decode()[:200]
