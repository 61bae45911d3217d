"""Versions of a model that anybody can tell apart, and who was decided for by which."""

from __future__ import annotations

import msgspec

from engine.bootstrap import Application
from engine.models.beta import BetaArtefact, Responses
from engine.plan import Mode
from engine.registry import Registry
from engine.wire.customers import CustomerPatchBody
from engine.wire.decisions import read_decision
from engine.wire.replies import DecisionReply


def a_rate(registry: Registry, rate: float) -> str:
    """A version that gives every offer about this propensity."""
    artefact = BetaArtefact(kind={"offer": Responses(1e6, rate * 1e6)})
    return registry.publish("propensity", "beta", msgspec.json.encode(artefact))


def decide(house: Application, customer: str, mode: Mode = "live") -> DecisionReply:
    """One placement on the web, for a customer who takes marketing."""
    house.customers.change(customer, CustomerPatchBody({"plan": "basic"}, {"marketing": "granted"}))
    asked = {"customer": {"id": customer}, "channel": "web", "mode": mode}
    body = {**asked, "placements": [{"id": "home.hero"}]}
    return house.decisions.answer(read_decision(msgspec.json.encode(body)), None, False)


def served_by(house: Application, customers: range) -> dict[str, str]:
    """The version that decided, a customer."""
    replies = {f"c-{n}": decide(house, f"c-{n}") for n in customers}
    return {customer: reply.versions.models["propensity"] for customer, reply in replies.items()}


def figures(house: Application) -> str:
    """The house's metrics, as Prometheus reads them."""
    return house.metrics.exposition().decode()
