"""Facts about the one function all conditions of a catalogue become."""

from __future__ import annotations

from graphlib import CycleError

import pytest

from engine.domain import EventLabel, Events, Facts, Tally
from engine.rules.custom import rule, rules_of
from engine.rules.language import (
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    STRING,
    TIMESTAMP,
    Attribute,
    Scope,
    check,
    list_of,
)
from engine.rules.missing import missing
from engine.rules.scalar import Definition, compile_rules

NOW = 1_767_225_600_000
SCOPE = Scope(
    customer={
        "plan": Attribute(STRING),
        "months": Attribute(INT),
        "spend": Attribute(DOUBLE),
        "risk": Attribute(DOUBLE, default=0.5),
        "tags": Attribute(list_of(STRING)),
        "perks": Attribute(list_of(STRING), default=["none"]),
        "joined": Attribute(TIMESTAMP),
        "notice": Attribute(DURATION),
        "vip": Attribute(BOOL),
    },
    context={"page": Attribute(STRING)},
    segments=["rich", "loved", "a", "b"],
    rules=["loyal"],
)


def facts(events: Events = Events(), **customer: object) -> Facts:  # noqa: B008 (immutable)
    return Facts(customer, {}, events, "web", NOW)


def truth(text: str, about: Facts, definitions=(), predicates=None) -> bool | None:
    conditions = [check(text, SCOPE)]
    found = compile_rules(definitions, conditions, [], SCOPE, predicates or {}).evaluate(about)
    assert not (found.false and found.unknown)
    return None if found.unknown else not found.false


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("customer.months > 1", None),
        ("!(customer.months > 1)", None),
        ("customer.vip && customer.months > 1", False),
        ("customer.months > 1 && customer.vip", False),
        ("customer.months > 1 || !customer.vip", True),
        ("customer.months > 1 || customer.vip", None),
        ("customer.months > 1 && customer.spend > 2.0 && customer.vip", False),
        ("customer.months > 1 ? true : true", None),
        ("customer.tags.exists(t, t == 'a' || customer.months > 1)", True),
        ("customer.tags.exists(t, t == 'z' || customer.months > 1)", None),
        ("customer.tags.all(t, t == 'z' && customer.months > 1)", False),
        ("customer.tags.all(t, t == 'a' || customer.months > 1)", None),
        ("has(customer.months)", False),
        ("has(customer.vip)", True),
        ("customer.risk == 0.5", True),
        ("'none' in customer.perks", True),
    ],
)
def test_what_is_missing_is_unknown_unless_the_rest_decides(text, expected):
    assert truth(text, facts(vip=False, tags=["a", "b"])) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("customer.months / 2 == -3", True),
        ("customer.months % 4 == -3", True),
        ("customer.months / (customer.months + 7) > 0", None),
        ("customer.months * 9223372036854775807 < 0", None),
        ("customer.spend / 0.0 > 1.0", True),
        ("customer.months < customer.spend", True),
        ("customer.months + 7 in [0.0]", True),
        ("now - customer.joined == duration('1d')", True),
        ("customer.joined + customer.notice > now", True),
        ("size(customer.plan) == 2", True),
        ("customer.plan.matches('^.b$')", True),
        ("customer.tags == ['x']", True),
    ],
)
def test_values_are_what_the_common_expression_language_says(text, expected):
    about = facts(
        months=-7,
        spend=2.5,
        joined=NOW - 86_400_000,
        notice=90_000_000,
        plan="😀b",
        tags=["x"],
    )
    assert truth(text, about) is expected


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("months", "7", "customer.months > 1"),
        ("months", True, "customer.months == 1"),
        ("months", 7.0, "customer.months > 1"),
        ("plan", 7, "customer.plan.startsWith('7')"),
        ("tags", "abc", "'a' in customer.tags"),
        ("tags", ["a", 1], "customer.tags.all(t, t.size() > 0)"),
        ("plan", None, "customer.plan == ''"),
    ],
)
def test_a_stored_value_of_another_type_than_the_schema_is_unknown(name, value, text):
    assert truth(text, facts(**{name: value})) is None


def test_a_whole_number_will_do_for_a_double():
    assert truth("customer.spend / 2.0 == 1.5", facts(spend=3)) is True


def test_indices_come_in_ascending_order():
    texts = [
        "customer.vip",
        "true",
        "customer.months > 1",
        "!customer.vip",
        "now != now || customer.vip",
    ]
    conditions = [check(text, SCOPE) for text in texts]
    found = compile_rules([], conditions, [], SCOPE, {}).evaluate(facts(vip=False))
    assert (found.false, found.unknown) == ([0, 4], [2])


def test_segments_and_tables_are_known_before_what_mentions_them():
    definitions = [
        Definition("segment", "loved", check("segment.rich && customer.vip", SCOPE)),
        Definition("segment", "rich", check("customer.spend > 100.0", SCOPE)),
    ]
    conditions = [check("segment.loved", SCOPE)]
    found = compile_rules(definitions, conditions, [], SCOPE, {}).evaluate(facts(spend=200.0))
    assert found.segments == {"rich": True, "loved": None}
    assert found.unknown == [0]


def test_segments_that_mention_each_other_are_refused():
    definitions = [
        Definition("segment", "a", check("segment.b", SCOPE)),
        Definition("segment", "b", check("segment.a", SCOPE)),
    ]
    with pytest.raises(CycleError):
        compile_rules(definitions, [], [], SCOPE, {})


def test_a_value_is_a_finite_number_or_unknown():
    texts = [
        "customer.spend * 2.0",
        "customer.months",
        "customer.spend / 0.0",
        "customer.months * 2",
    ]
    values = [check(text, SCOPE, DOUBLE) for text in texts]
    ruleset = compile_rules([], [], values, SCOPE, {})
    assert ruleset.evaluate(facts(spend=1.5, months=2)).values == [3.0, 2.0, None, 4.0]
    assert ruleset.evaluate(facts()).values == [None] * 4


def test_a_condition_asks_the_history():
    events = Events(labels=(EventLabel("call"),), tallies=(Tally(2, NOW - 86_400_000),))
    assert truth("history.count('call') == 2", facts(events)) is True
    assert truth("history.days_since('call') <= 1", facts(events)) is True
    assert truth("history.days_since('visit') > 1000.0", facts(events)) is True
    assert truth("history.open('complaint')", facts(events)) is False


def test_a_rule_in_python_answers_true_false_or_unknown():
    for answer in (True, False, None):
        loyal = rule(lambda _, answer=answer: answer)
        assert truth("rule.loyal", facts(), predicates={"loyal": loyal}) is answer


def test_a_rule_in_python_that_fails_or_answers_nonsense_is_unknown():
    @rule
    def loyal(facts):
        return facts.customer["visits"] > 3

    assert rules_of({"loyal": loyal, "other": 3}) == {"loyal": loyal}
    assert truth("rule.loyal", facts(), predicates={"loyal": loyal}) is None
    assert truth("rule.loyal", facts(), predicates={"loyal": rule(lambda _: "yes")}) is None


def test_an_unknown_names_the_attributes_to_blame_through_segments():
    definitions = [Definition("segment", "rich", check("customer.spend > 100.0", SCOPE))]
    condition = check("segment.rich && customer.months > 1 && customer.risk > 0.1", SCOPE)
    blamed = missing(condition, facts(months="many"), SCOPE, definitions)
    assert blamed == ["customer.months", "customer.spend"]
    assert missing(condition, facts(months=1, spend=1.0), SCOPE, definitions) == []


def test_an_authors_text_is_never_code():
    text = "customer.plan == '\\'); __import__(\\'os\\').abort(); (\\''"
    assert truth(text, facts(plan="basic")) is False
