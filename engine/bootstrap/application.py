"""What there is to be called, once it is put together."""

from __future__ import annotations

from dataclasses import dataclass

from engine.services.deciding.decisions import Decisions
from engine.services.deciding.records import Records
from engine.services.intake.events import Events
from engine.services.intake.imports import Imports
from engine.services.intake.interactions import Interactions
from engine.services.keeper import Keeper
from engine.services.keyring import Keyring
from engine.services.learning.turns import Learning
from engine.services.live.served import Served
from engine.services.live.standing import Standing
from engine.services.people.customers import Customers
from engine.services.people.linking import Linking
from engine.services.people.merges import Merges
from engine.services.people.timeline import Timeline
from engine.services.privacy.erasure import Privacy
from engine.services.privacy.exports import Exports
from engine.settings import EventLimits
from engine.telemetry import Metrics


@dataclass(frozen=True, slots=True)
class Application:
    """Every use case, ready to be called."""

    version: str
    keyring: Keyring
    decisions: Decisions
    records: Records
    interactions: Interactions
    imports: Imports
    events: Events
    event_limits: EventLimits
    customers: Customers
    linking: Linking
    merges: Merges
    exports: Exports
    privacy: Privacy
    timeline: Timeline
    keeper: Keeper
    learning: Learning
    standing: Standing
    served: Served
    metrics: Metrics
