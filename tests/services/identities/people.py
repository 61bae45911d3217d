"""People with many names, at a house that serves them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from engine.bootstrap import Application
from engine.codec import unpack_pointer
from engine.plan import Mode
from engine.services.keyring import Sender
from engine.store import Store
from engine.wire.customers import CustomerPatchBody
from engine.wire.decisions import DecisionBody, PlacementBody
from engine.wire.identities import CustomerBody
from engine.wire.one_interaction import InteractionBody
from engine.wire.replies import DecisionReply
from engine.wire.segment import read_delivery

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


def take_in(application: Application, *events: dict[str, Any]) -> None:
    """Events of a server's SDK, in one batch."""
    body = msgspec.json.encode({"batch": list(events)})
    application.events.take_in(read_delivery("batch", body), Sender("server", True), "")


def next_moment(store: Store) -> None:
    """Wait for the store's next millisecond."""
    now = store.load("nobody").now
    while store.load("nobody").now == now:
        pass


def counted(store: Store) -> list[str]:
    """The trips to the store from now on, as they happen."""
    servers, trips = store._servers, list[str]()

    def named(name: str, go: Callable[..., Any]) -> Callable[..., Any]:
        def trip(*given: object) -> Any:
            trips.append(name)
            return go(*given)

        return trip

    for name in ("read", "write", "read_all", "write_all"):
        setattr(servers, name, named(name, getattr(servers, name)))
    return trips
