"""Catalogues, models and customers of any size, the same on every run."""

from __future__ import annotations

import random

import msgspec

from engine.domain import (
    Consent,
    Contact,
    Contacts,
    CustomerState,
    Event,
    EventLabel,
    Events,
    Label,
    Tally,
)
from engine.models.features import Category, Feature, Number
from engine.models.logistic import LogisticArtefact, Term

NOW = 1_790_000_000_000
HOUR = 3_600_000
GROUPS = 20
CONDITIONS = 200

_HEAD = """
schema:
  attributes:
    first_name: {{type: string, personal: true}}
    plan: {{type: string, enum: [basic, plus, fibre]}}
    tags: {{type: list<string>}}
    timezone: {{type: string}}
{numbers}
  context:
    page: {{type: string}}
  identities: [email]
  purposes: [personalisation, marketing]
groups:
{groups}
placements:
  - {{id: home.hero, channel: web, slots: 1, kinds: [offer], fallback: {{headline: Welcome}}}}
strategy:
  weights: {{company: 1.0, customer: 0.25}}
  contact_cost: {{web: 0.01}}
  context_weights:
    - {{when: "context.page == '/p1'", group: g1, weight: 1.5}}
  exploration: {{method: epsilon, floor: 0.02}}
  positive: {{click: 0.2, accept: 1.0}}
  attribution: 7d
contact:
  - {{id: per-action-daily, applies: {{kind: offer}}, per: action, cap: 3, window: 1d}}
  - {{id: per-group-weekly, applies: {{kind: offer}}, per: group, cap: 20, window: 7d}}
  - {{id: all-weekly, applies: {{kind: offer, channel: web}}, cap: 500, window: 7d}}
  - {{id: calendar, applies: {{kind: offer}}, per: action, cap: 9, window: 1d, calendar: true,
     timezone: Europe/Lisbon}}
  - {{id: rest, applies: {{kind: offer}}, per: action, after: [reject], rest: 30d}}
  - {{id: service-first, when: "history.open('complaint')", keep_out: {{kind: offer}}}}
actions:
"""

_ACTION = """
  - id: action-{i:05}
    group: g{group}
    value: {value}
    customer_value: {customer_value}
    eligibility: ["{eligible}"]
    applicability: ["{applicable}"]
    suitability: ["{suitable}"]
    treatments:
      - id: hero
        placement: home.hero
        content:
          headline: "Offer {i}, {{{{ customer.first_name | default('hello') }}}}"
          url: /offers/{i}
"""


def catalogue_files(actions: int) -> dict[str, bytes]:
    """A catalogue's files: `actions` offers over 200 distinct conditions, six contact policies."""
    chance = random.Random(actions)  # noqa: S311 - a benchmark's data
    numbers = "\n".join(f"    n{i}: {{type: double}}" for i in range(20))
    groups = "\n".join(f"  g{i}: {{kind: offer, purpose: marketing}}" for i in range(GROUPS))
    pool = _conditions()
    rows = [
        _ACTION.format(
            i=i,
            group=i % GROUPS,
            value=5 + i % 90,
            customer_value=i % 7,
            eligible=pool[chance.randrange(CONDITIONS)],
            applicable=pool[chance.randrange(CONDITIONS)],
            suitable=pool[chance.randrange(CONDITIONS)],
        )
        for i in range(actions)
    ]
    text = _HEAD.format(numbers=numbers, groups=groups) + "".join(rows)
    return {"catalogue.yaml": text.encode()}


def _conditions() -> list[str]:
    """Two hundred distinct conditions, most of them true for `customer_state`."""
    thresholds = [f"customer.n{i % 20} > {-(i + 1) / 10}" for i in range(160)]
    both = [f"customer.n{i % 20} < {50 + i}.0 && customer.plan != 'fibre'" for i in range(30)]
    rare = [f"customer.n{i} > {i + 20}.0 || 'vip' in customer.tags" for i in range(10)]
    return thresholds + both + rare


def model_artefact() -> bytes:
    """A logistic model of 26 columns, with a term a group and some crossed with it."""
    chance = random.Random(7)  # noqa: S311
    features = [
        Feature(f"n{i}", f"customer.n{i}", Number(5.0, 3.0, 5.0), by=("group",) if i < 5 else ())
        for i in range(20)
    ]
    features += [
        Feature("plan", "customer.plan", Category(("basic", "plus", "fibre"))),
        Feature("page", "context.page", Category(("/p1", "/p2", "/p3"))),
    ]
    artefact = LogisticArtefact(
        tuple(features),
        -3.0,
        tuple(chance.gauss(0, 0.2) for _ in range(26)),
        group={
            f"g{i}": Term(chance.gauss(0, 0.3), tuple(chance.gauss(0, 0.1) for _ in range(5)))
            for i in range(GROUPS)
        },
    )
    return msgspec.json.encode(artefact)


def customer_state(interactions: int, now: int = NOW, customer_id: str = "c-1") -> CustomerState:
    """A customer with consent, 24 attributes and a history, half contacts and half outcomes."""
    labels = tuple(
        Label(f"action-{i:05}", "offer", f"g{i % GROUPS}", "web", "home.hero") for i in range(12)
    )
    outcomes = tuple(
        EventLabel(kind, f"action-{i:05}", "offer", f"g{i % GROUPS}", "web", "home.hero")
        for i in range(6)
        for kind in ("impression", "click")
    )
    contacts, events = interactions // 2, interactions - interactions // 2
    return CustomerState(
        customer_id,
        revision=1,
        clock=now - HOUR,
        attributes={
            "first_name": "Ana",
            "plan": "basic",
            "tags": ["new"],
            "timezone": "Europe/Lisbon",
            **{f"n{i}": float(i % 9) for i in range(20)},
        },
        consent={"marketing": Consent("granted", now - 900 * HOUR, "import")},
        contacts=Contacts(
            labels,
            tuple(
                Contact(now - (contacts - i) * 6 * HOUR, i % 12, f"{i:032x}")
                for i in range(contacts)
            ),
        ),
        events=Events(
            outcomes,
            tuple(Event(now - (events - i) * 6 * HOUR, i % 12) for i in range(events)),
            tuple(Tally(1 + events // 12, now - HOUR) for _ in outcomes),
        ),
    )
