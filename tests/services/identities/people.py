"""People with many names, at a house that serves them."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType

from engine.bootstrap import Application
from engine.codec import unpack_pointer
from engine.plan import Mode
from engine.store import Store
from engine.wire.customers import CustomerPatchBody
from engine.wire.decisions import DecisionBody, PlacementBody
from engine.wire.identities import CustomerBody
from engine.wire.interactions import InteractionBody
from engine.wire.replies import DecisionReply

CARD = "loyalty:7"
MAIL = "email:ana@example.com"


def known(application: Application, *customers: str) -> None:
    """Customers on the basic plan who take marketing."""
    for customer in customers:
        patch = CustomerPatchBody({"plan": "basic"}, {"marketing": "granted"})
        application.customers.change(customer, patch)


def decide(
    application: Application,
    mode: Mode = "live",
    request_id: str | UnsetType = UNSET,
    **named: Any,
) -> DecisionReply:
    """One placement on the web, for the customer so named."""
    hero = [PlacementBody("home.hero")]
    body = DecisionBody(CustomerBody(**named), "web", hero, mode=mode, request_id=request_id)
    return application.decisions.answer(body, None, False)


def visit(application: Application, name: str, **customer: Any) -> tuple[int, int, int]:
    """A visit told once: how many were accepted, were told before, were rejected."""
    row = InteractionBody(name, CustomerBody(**customer), type="visit", channel="web")
    reply = application.interactions.take_in([row])
    return reply.accepted, reply.duplicates, len(reply.rejected)


def visits(store: Store, customer: str) -> int:
    """How many events the record of that name holds."""
    events = store.load(customer).state.events
    return sum(tally.count for tally in events.tallies)


def holder(store: Store, identity: str) -> str:
    """The customer an identity leads to; empty when it is set apart."""
    return unpack_pointer(store.identities.pointer(identity)).customer_id
