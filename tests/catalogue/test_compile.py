"""What a catalogue means once it is compiled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.catalogue import Catalogue, compile_catalogue
from engine.domain import Consent, Events, Facts, Value
from engine.errors import CatalogueRefused
from tests.builders import NOW, action, catalogue, files

EXAMPLE = (Path(__file__).parent / "example.yaml").read_bytes()


@pytest.fixture(scope="module")
def example() -> Catalogue:
    return compile_catalogue({"catalogue.yaml": EXAMPLE}, now=NOW)


def facts(customer: Mapping[str, Value] | None = None, /, **context: Value) -> Facts:
    return Facts(customer or {}, context, Events(), "web", NOW)


def test_the_example_compiles_without_a_warning(example: Catalogue) -> None:
    assert example.warnings == ()
    assert example.digest.startswith("sha256:")


def test_actions_are_numbered_by_id_and_inherit_from_their_group(example: Catalogue) -> None:
    assert [action.id for action in example.actions] == ["fibre-upgrade", "retain-20"]
    assert example.index == {"fibre-upgrade": 0, "retain-20": 1}
    assert (example.actions[1].kind, example.actions[1].purpose) == ("offer", "marketing")


def test_a_condition_of_the_group_binds_the_action(example: Catalogue) -> None:
    calm: dict[str, Value] = {"churn_risk": 0.1, "tenure_months": 9}
    evaluation = example.ruleset.evaluate(facts(calm))
    kept_out = [one for one in example.engagement.knockouts(evaluation) if one.mask & 0b10]
    assert [one.code for one in kept_out] == ["not-eligible"]


def test_a_condition_shared_by_actions_is_one_condition() -> None:
    shared = ["customer.plan != 'fibre'"]
    one = catalogue(
        actions=[action(f"a{i}", "home.hero", "email.main", eligibility=shared) for i in range(9)]
    )
    assert len(one.conditions) == 1


def test_a_placement_knows_who_can_fill_it(example: Catalogue) -> None:
    hero, agent = example.placements["home.hero"], example.placements["agent.next"]
    assert (hero.mask, hero.slots, hero.kinds, hero.hold) == (0b01, 1, ("offer", "message"), 0)
    assert (agent.counts, agent.hold, agent.diverse) == ("impression", 30 * 60 * 1000, "group")
    assert hero.fallback == {"headline": "Welcome"}


def test_static_content_is_not_rendered(example: Catalogue) -> None:
    script = example.placements["agent.next"].treatments[0]
    evaluation = example.ruleset.evaluate(facts())
    assert script.render(facts(), evaluation) is script.content


def test_templates_are_filled_in_however_deep(example: Catalogue) -> None:
    mail = example.placements["email.newsletter"].treatments[1]
    ana = facts({"first_name": "Ana & Zé", "spend_12m": 300.0})
    assert mail.render(ana, example.ruleset.evaluate(ana)) == {
        "subject": "Ana & Zé, stay",
        "lines": ["as a silver customer", {"n": 3}],
    }


def test_what_a_template_needs_is_a_condition_of_that_placement_alone(example: Catalogue) -> None:
    needs = example.placements["email.newsletter"].needs
    texts = {example.conditions[condition].text: mask for condition, mask in needs}
    assert texts == {"has(customer.first_name)": 0b10, "table.tier == table.tier": 0b10}
    assert example.placements["home.hero"].needs == ()


def test_worth_follows_the_weights_and_the_customer(example: Catalogue) -> None:
    known = example.ruleset.evaluate(facts({"spend_12m": 1000.0}))
    worth = example.strategy.worth(known)
    assert worth.values.tolist() == [120.0, 200.0]
    assert worth.worth.tolist() == [120.0 + 0.25 * 30.0, 200.0 + 0.25 * 20.0]


def test_a_value_that_is_unknown_is_not_a_number(example: Catalogue) -> None:
    worth = example.strategy.worth(example.ruleset.evaluate(facts())).worth
    assert np.isnan(worth).tolist() == [False, True]


def test_what_is_worth_to_one_customer_is_nothing_to_the_next(example: Catalogue) -> None:
    known = example.ruleset.evaluate(facts({"spend_12m": 1000.0}))
    example.strategy.worth(known)
    assert np.isnan(example.strategy.worth(example.ruleset.evaluate(facts())).worth[1])


def test_static_worth_is_computed_once_and_cannot_be_written_to() -> None:
    one = catalogue()
    evaluation = one.ruleset.evaluate(facts())
    assert one.strategy.worth(evaluation) is one.strategy.worth(evaluation)
    with pytest.raises(ValueError, match="read-only"):
        one.strategy.worth(evaluation).worth[0] = 1.0


def test_context_weights_apply_while_their_condition_is_true(example: Catalogue) -> None:
    def weights(**context: Value) -> list[list[float]]:
        evaluation = example.ruleset.evaluate(facts(**context))
        return [factors.tolist() for factors in example.strategy.weights(evaluation)]

    assert weights(intent="cancel") == [[1.0, 3.0]]
    assert weights(intent="browse") == []
    assert weights() == []


def test_memory_reaches_as_far_as_anything_asks() -> None:
    day = 86_400_000
    assert catalogue().retention == 7 * day  # attribution
    asks = [action("a", "home.hero", "email.main",
                   eligibility=["history.count('reject', within='45d') == 0"])]  # fmt: skip
    assert catalogue(actions=asks).retention == 45 * day
    rests = [{"id": "r", "after": ["reject"], "rest": "60d"}]
    assert catalogue(actions=asks, contact=rests).retention == 60 * day
    segments = {"s": "history.count('call', within='90d') > 3"}
    assert catalogue(actions=asks, contact=rests, segments=segments).retention == 90 * day


def test_a_test_beside_the_rules_is_typed_and_knows_its_line(example: Catalogue) -> None:
    first, second = example.tests
    assert (first.line, first.channel, first.attributes) == (75, "web", {"plan": "fibre"})
    assert first.consent == {"marketing": Consent("granted", 0, "test")}
    assert first.never == {"fibre-upgrade"}
    assert (second.only, second.fallback, second.now) == (frozenset(), True, 1_780_272_000_000)


def test_defaults_are_stated_where_nothing_is_said() -> None:
    strategy = catalogue(strategy={}).strategy
    assert (strategy.company, strategy.customer, strategy.method) == (1.0, 1.0, "none")
    assert strategy.positive == {"click": 0.2, "accept": 1.0, "convert": 1.0}


def test_the_purpose_none_needs_no_consent() -> None:
    one = catalogue(actions=[action("a", "home.hero", "email.main", purpose="none")])
    assert one.actions[0].purpose is None
    assert one.consent.knockouts({}) == []


def test_parts_of_the_catalogue_may_stand_in_any_file() -> None:
    whole = EXAMPLE.decode()
    cut = whole.index("\ngroups:")
    parts = {"b.yaml": whole[:cut].encode(), "a.yml": whole[cut:].encode(), "notes.txt": b"\xff"}
    assert [one.id for one in compile_catalogue(parts).actions] == ["fibre-upgrade", "retain-20"]


def test_rows_of_a_table_may_stand_in_a_csv_file() -> None:
    text = EXAMPLE.replace(b'[[">= 1000", gold], [">= 200", silver], ["-", basic]]', b"tiers.csv")
    rows = b'customer.spend_12m,tier\r\n>= 1000,"gold"\r\n>= 200,silver\r\n-,basic\r\n'
    one = compile_catalogue({"c.yaml": text, "tiers.csv": rows})
    assert one.ruleset.evaluate(facts({"spend_12m": 500.0})).tables == {"tier": "silver"}


def test_yaml_1_2_words_stay_words() -> None:
    values = ["no", "off", "yes", "on", "Norway"]
    schema = "schema: {attributes: {a: {type: string, enum: [no, off, yes, on, Norway]}}}"
    scope = compile_catalogue({"c.yaml": schema.encode()}).scope
    assert scope.customer["a"].enum == tuple(values)


def test_a_python_rule_is_a_name_conditions_may_use() -> None:
    def loyal(facts: Facts) -> bool | None:
        return len(facts.customer) > 1

    ruled = action("a", "home.hero", "email.main", eligibility=["rule.loyal"])
    text = files(actions=[ruled])
    one = compile_catalogue(text, {"loyal": loyal}, b"def loyal(facts): ...")
    assert one.ruleset.evaluate(facts({"plan": "plus"})).false == [0]
    with pytest.raises(CatalogueRefused, match=r"rule\.loyal is not declared"):
        compile_catalogue(text)


PLACES = ("home.hero", "email.main")
OVER = {"until": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("overrides", "warning"),
    [
        ({"actions": [action("a", *PLACES, valid=OVER)]}, "`a` has expired"),
        (
            {"actions": [action("a", *PLACES, value=0)]},
            "`a` is worth nothing, so it is never chosen",
        ),
        (
            {"schema": {"attributes": {"shoe": {"type": "int"}}, "purposes": ["marketing"]}},
            "no rule and no template reads `customer.shoe`",
        ),
        (
            {"tests": [{"name": "a", "request": {"placement": "home.hero"}, "never": []}]},
            "it asks nothing, so it would always hold",
        ),
    ],
)
def test_what_is_rarely_meant_is_warned_of(overrides: dict[str, Any], warning: str) -> None:
    one = compile_catalogue(files(**overrides), now=NOW)
    assert warning in [fault.what for fault in one.warnings]


IDLE = [
    {"kind": "service"},
    {"kind": "offer", "group": "news"},
    {"action": "plus", "channel": "email"},
    {"placement": "home.hero", "channel": "email"},
    {"group": "news", "placement": "home.hero"},
]
BUSY: list[dict[str, Any]] = [
    {},
    {"kind": ["service", "offer"]},
    {"action": ["plus", "letter"], "channel": "email"},
    {"group": "news", "placement": ["home.hero", "email.main"]},
]


def warned(policy: dict[str, Any]) -> list[str]:
    """What is said of one policy beside an offer on the web and a message by e-mail."""
    group = {"news": {"kind": "message", "purpose": "marketing"}}
    actions = [action("plus"), action("letter", "email.main", kind="message", group="news")]
    one = compile_catalogue(files(groups=group, actions=actions, contact=[{"id": "p", **policy}]))
    return [fault.what for fault in one.warnings if "keeps nothing out" in fault.what]


@pytest.mark.parametrize("selector", IDLE)
def test_a_contact_policy_that_no_action_fits_is_warned_of(selector: dict[str, Any]) -> None:
    said = "`p` keeps nothing out: no action fits all that `applies` names"
    assert warned({"applies": selector, "cap": 2, "window": "7d"}) == [said]
    assert warned({"applies": selector, "after": ["reject"], "rest": "7d"}) == [said]
    quiet = {"from": "21:00", "until": "08:00", "timezone": "UTC"}
    assert warned({"applies": selector, "quiet": quiet}) == [said]
    when = {"when": "history.open('complaint')", "keep_out": selector}
    assert warned(when) == [said.replace("applies", "keep_out")]


@pytest.mark.parametrize("selector", BUSY)
def test_a_contact_policy_that_an_action_fits_is_not_warned_of(selector: dict[str, Any]) -> None:
    assert warned({"applies": selector, "cap": 2, "window": "7d"}) == []
