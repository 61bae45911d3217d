"""Ready-made catalogues and customers: defaults that work, so that a test says only what matters.

one = catalogue(actions=[action("fibre", value=10.0)])
ana = customer(attributes={"plan": "basic"}, granted=["marketing"])
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from engine.catalogue import Catalogue, compile_catalogue
from engine.domain import Consent, Contacts, CustomerState, Events, Value

NOW = 1_780_000_000_000  # 2026-05-28T20:26:40Z
NO_CONTACTS = Contacts()
NO_EVENTS = Events()

SCHEMA: Mapping[str, Any] = {
    "attributes": {
        "first_name": {"type": "string", "personal": True},
        "plan": {"type": "string", "enum": ["basic", "plus", "fibre"]},
        "tenure_months": {"type": "int"},
        "spend_12m": {"type": "double"},
        "churn_risk": {"type": "double", "default": 0.0},
        "tags": {"type": "list<string>"},
        "timezone": {"type": "string"},
    },
    "context": {"page": {"type": "string"}, "intent": {"type": "string"}},
    "identities": ["email", "phone"],
    "purposes": ["personalisation", "marketing"],
}
PLACEMENTS = (
    {"id": "home.hero", "channel": "web", "fallback": {"headline": "Welcome"}},
    {"id": "email.main", "channel": "email", "slots": 2, "fallback": {"subject": "News"}},
)


def action(id: str, *placements: str, **overrides: Any) -> dict[str, Any]:
    """An offer worth 10, for marketing, with plain content in `placements` (home.hero if none)."""
    places = placements or ("home.hero",)
    treatments = [
        {"id": place.replace(".", "-"), "placement": place, "content": {"title": id}}
        for place in places
    ]
    base = {"kind": "offer", "purpose": "marketing", "value": 10.0, "treatments": treatments}
    return {"id": id, **base, **overrides}


def source(**overrides: Any) -> dict[str, Any]:
    """A whole catalogue as data; each top-level key may be replaced. Two offers, two placements.

    Placements, unless replaced, are those the actions have treatments for.
    """
    base = {
        "schema": SCHEMA,
        "actions": [action("fibre", "home.hero", "email.main"), action("plus", "home.hero")],
        "placements": list(PLACEMENTS),
        "strategy": {"exploration": {"method": "none"}, "weights": {"customer": 0.0}},
    }
    whole = {**base, **overrides}
    if "placements" not in overrides:
        used = {one["placement"] for each in whole["actions"] for one in each["treatments"]}
        whole["placements"] = [place for place in PLACEMENTS if place["id"] in used]
    return whole


def files(**overrides: Any) -> dict[str, bytes]:
    """The files of `source`: JSON, which is YAML too."""
    return {"catalogue.yaml": json.dumps(source(**overrides)).encode()}


def catalogue(**overrides: Any) -> Catalogue:
    """`source`, compiled."""
    return compile_catalogue(files(**overrides))


def customer(
    customer_id: str = "c-1",
    *,
    attributes: Mapping[str, Value] | None = None,
    granted: Iterable[str] = ("marketing",),
    denied: Iterable[str] = (),
    contacts: Contacts = NO_CONTACTS,
    events: Events = NO_EVENTS,
    revision: int = 1,
) -> CustomerState:
    """A customer known since an hour before NOW, who has said yes to marketing."""
    since = NOW - 3_600_000
    consent = {purpose: Consent("granted", since, "test") for purpose in granted}
    consent |= {purpose: Consent("denied", since, "test") for purpose in denied}
    return CustomerState(
        customer_id, revision, since, since, dict(attributes or {}), consent, contacts, events
    )
