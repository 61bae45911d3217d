"""What is kept of a decision for learning: all that a model looked at, and nobody's name."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from engine.change import Entry
from engine.codec import pack_attributes, pack_consent, pack_events, unpack
from engine.domain import Consent, Event, EventLabel, Events, Facts, Matter, Tally
from engine.facts import disclosed, keepable, unpack_facts
from engine.models.base import Predicted, Predictor
from engine.models.encoder import Encoder
from engine.models.features import Category, Feature, Number
from engine.plan import DecisionRequest, PlacementAsk, Plan
from engine.record import DecisionRecord
from engine.rows import DecisionRow, rows_of
from tests.archive.builders import decision
from tests.builders import NOW, SCHEMA, catalogue
from tests.decide.deciding import decided, live

DAY = 86_400_000
HISTORY = Events(
    (EventLabel("reject", "fibre"),),
    (Event(NOW - DAY, 0),),
    (Tally(3, NOW - DAY),),
    (Matter("canary-ticket", "complaint", NOW - DAY),),
)
CONTEXT = {**SCHEMA["context"], "query": {"type": "string", "personal": True}}
CATALOGUE_SCHEMA = {**SCHEMA, "context": CONTEXT}
CATALOGUE = catalogue(schema=CATALOGUE_SCHEMA)
FEATURES = (
    Feature("risk", "customer.churn_risk", Number(0.5, 2.0, missing=9.0)),
    Feature("plan", "customer.plan", Category(("basic", "plus"))),
    Feature("tenure", "customer.tenure_months", Number(indicator=True)),
    Feature("page", "context.page", Category(("/", "/pay"))),
    Feature("channel", "channel", Category(("web", "email"))),
    Feature("refused", "history.count", Number(), event="reject", within=2 * DAY),
    Feature("refused_ever", "history.count", Number(), event="reject"),
    Feature("since", "history.days_since", Number(), event="reject"),
)


def record(personalisation: Any = None, **asked: Any) -> DecisionRecord:
    said = {"personalisation": Consent(personalisation, NOW, "test")} if personalisation else {}
    state = {
        "attributes": pack_attributes({"first_name": "canary", "plan": "basic", "gone": "canary"}),
        "consent": pack_consent({"marketing": Consent("granted", NOW, "test"), **said}),
        "events": pack_events(HISTORY),
    }
    context = {"page": "/pay", "query": "canary"}
    told = {"plan": "plus", "tenure_months": 7}
    asks = (PlacementAsk("home.hero"),)
    request = DecisionRequest("canary", "web", asks, context, told, **asked)
    plan = Plan("0" * 32, ())
    return DecisionRecord("0" * 32, request, state, 1, NOW, CATALOGUE.digest, {}, plan)


def kept(made: DecisionRecord) -> bytes:
    return keepable(made, disclosed(CATALOGUE))


@dataclass
class Watched:
    """A predictor that notes what it was shown."""

    predictor: Predictor
    version: str = "watched"
    shown: list[Facts] = field(default_factory=list)

    def predict(self, facts: Facts) -> Predicted:
        self.shown.append(facts)
        return self.predictor.predict(facts)


def test_every_feature_can_be_computed_later_as_it_was_at_the_decision() -> None:
    made = record()
    engine = live(CATALOGUE)
    watched = Watched(engine.predictor)
    decided(unpack("canary", made.state), replace(engine, predictor=watched), made.request)
    (shown,) = watched.shown
    encoder = Encoder(FEATURES)
    facts = unpack_facts(kept(made))
    assert encoder.encode(facts) == encoder.encode(shown)
    assert facts.customer == {"plan": "plus", "tenure_months": 7, "churn_risk": 0.0}


def test_nothing_that_names_the_customer_is_kept() -> None:
    assert b"canary" not in kept(record())


@pytest.mark.parametrize(
    "made", [record("denied"), record(privacy_signal=True), record(mode="preview")]
)
def test_nothing_is_kept_where_nobody_may_learn(made: DecisionRecord) -> None:
    assert kept(made) == b""


def test_a_state_that_cannot_be_read_stops_no_archive() -> None:
    made = record()
    broken = DecisionRecord(
        made.decision_id, made.request, {"events": b"\xc1"}, 1, NOW, "", {}, made.plan
    )
    assert kept(broken) == b""


@pytest.mark.parametrize(
    ("source", "seen"),
    [("customer.first_name", []), ("context.query", []), ("context.page", [1.0, 2.0])],
)
def test_what_a_model_saw_is_archived_unless_it_is_personal(source: str, seen: list[float]) -> None:
    looked_at = {"looked_at": {"source": source, "values": ["canary"]}}
    declared = catalogue(schema=CATALOGUE_SCHEMA, features=looked_at)
    (row,) = rows_of(
        Entry(0, "1-0", b""), decision("ana", NOW), "subject", disclosed(declared), b"key"
    )
    assert isinstance(row, DecisionRow)
    assert row.features == seen
