"""What a catalogue's models look at where nobody said."""

from __future__ import annotations

import pytest

from engine.catalogue.features import MOST_COLUMNS, features_of
from engine.domain import Event, EventLabel, Events, Facts, Tally
from engine.errors import CatalogueRefused
from engine.models.encoder import Encoder
from engine.models.features import Category, Members, Number
from tests.builders import NOW, action, catalogue

SCHEMA = {
    "attributes": {
        "first_name": {"type": "string", "enum": ["Ana", "Rui"], "personal": True},
        "born": {"type": "int", "personal": True},
        "city": {"type": "string"},
        "plan": {"type": "string", "enum": ["basic", "fibre"]},
        "spend": {"type": "double"},
        "loyal": {"type": "bool"},
        "likes": {"type": "list<string>", "enum": ["wine", "fruit"]},
    },
    "context": {
        "page": {"type": "string", "enum": ["home", "shop"]},
        "age": {"type": "int", "personal": True},
    },
    "purposes": ["marketing"],
}


def _features(**overrides: object):
    made = catalogue(schema=SCHEMA, **overrides)
    return {feature.name: feature for feature in features_of(made)}


def test_numbers_truths_and_listed_words_become_features_and_free_text_does_not():
    found = _features()
    assert isinstance(found["customer.spend"].encoding, Number)
    assert found["customer.loyal"].encoding == Category((True, False))
    assert found["customer.plan"].encoding == Category(("basic", "fibre"))
    assert found["customer.likes"].encoding == Members(("wine", "fruit"))
    assert found["context.page"].encoding == Category(("home", "shop"))
    assert "customer.city" not in found


def test_what_is_personal_is_no_feature_in_either_room():
    assert not {"customer.first_name", "customer.born", "context.age"} & set(_features())


def test_answers_are_counted_over_all_and_by_group_without_any_window():
    found = _features(
        groups={"drinks": {"kind": "offer"}},
        actions=[action("wine", group="drinks"), action("news")],
    )
    assert found["accepts_of_drinks"].where == {"group": "drinks"}
    assert found["rejects"].event == "reject"
    encoder = Encoder(tuple(found.values()))
    assert encoder.reach == 0
    drinks = EventLabel("accept", "wine", "offer", "drinks", "web", "home.hero")
    past = Events((drinks,), (Event(NOW, 0),), (Tally(3, NOW),))
    row = encoder.encode(Facts({}, {}, past, "web", NOW))
    assert row[encoder.columns.index("accepts_of_drinks")] == 3.0


def test_words_that_are_actions_match_the_action():
    found = _features(actions=[action("wine"), action("fruit")])
    assert found["customer.likes"].match == "id"
    assert found["customer.plan"].match is None


def test_what_does_not_fit_in_the_columns_is_left_out_and_the_rest_stays():
    many = [f"v{i}" for i in range(MOST_COLUMNS + 1)]
    wide = {**SCHEMA["attributes"], "wide": {"type": "string", "enum": many}}
    made = catalogue(schema={**SCHEMA, "attributes": wide})
    found = [feature.name for feature in features_of(made)]
    assert "customer.wide" not in found
    assert "context.page" in found
    assert len(Encoder(features_of(made)).columns) <= MOST_COLUMNS


def test_declared_features_are_looked_at_and_no_others_and_personal_ones_when_named():
    made = catalogue(
        schema=SCHEMA,
        features={
            "spend": {"source": "customer.spend", "by": ["group"]},
            "born": {"source": "customer.born"},
            "city": {"source": "customer.city", "values": ["porto", "faro"]},
            "noes": {
                "source": "history.count",
                "event": "reject",
                "where": {"group": "drinks"},
                "within": "90d",
            },
        },
    )
    found = {feature.name: feature for feature in features_of(made)}
    assert list(found) == ["spend", "born", "city", "noes"]
    assert found["spend"].by == ("group",)
    assert found["city"].encoding == Category(("porto", "faro"), other=True)
    assert found["noes"].within == 90 * 24 * 3600 * 1000
    assert not [one for one in made.warnings if "customer.spend" in str(one)]


@pytest.mark.parametrize(
    ("feature", "fault"),
    [
        ({"source": "customer.spnd"}, "unknown attribute of customer `spnd` (did you mean spend?)"),
        ({"source": "customer.city"}, "`customer.city` may be any string (say which `values`"),
        ({"source": "costumer.spend"}, "no source 'costumer.spend', did you mean 'customer.'?"),
        ({"source": "history.count"}, "`event` belongs to history sources"),
        ({"source": "customer.spend", "match": "id"}, "`match` needs a category or members"),
        (
            {"source": "history.count", "event": "reject", "within": "soon"},
            "'soon' is not a duration",
        ),
        (
            {"source": "history.count", "event": "reject", "within": "0d"},
            "`within` must be longer than nothing",
        ),
        ({"source": "customer.spend", "bye": ["id"]}, "unknown key `bye` (did you mean by?)"),
    ],
)
def test_a_feature_that_makes_no_sense_is_refused_with_what_to_write(feature: object, fault: str):
    with pytest.raises(CatalogueRefused) as refused:
        catalogue(schema=SCHEMA, features={"one": feature})
    assert [str(one) for one in refused.value.faults if fault in str(one)], refused.value.faults
    assert len(refused.value.faults) == 1
