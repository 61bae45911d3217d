"""Why this, and why not that: exactly one first reason for everyone not chosen (I8)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain import STAGES
from tests.builders import SCHEMA, action, catalogue, customer
from tests.decide.deciding import ask, decided, live, shown, why_not

PAST = {"from": "2020-01-01T00:00:00Z", "until": "2021-01-01T00:00:00Z"}
FUTURE = {"from": "2030-01-01T00:00:00Z"}
FULL = ask(explain="full")
BROKEN = [{"id": "b", "placement": "home.hero", "content": {"title": "{{ 1 / customer.age }}"}}]

KEPT_OUT = [
    ({"valid": PAST}, ("schedule", "expired")),
    ({"valid": FUTURE}, ("schedule", "not-started")),
    ({"active": False}, ("schedule", "inactive")),
    ({"eligibility": ["customer.plan == 'fibre'"]}, ("engagement", "not-eligible")),
    ({"applicability": ["customer.plan == 'fibre'"]}, ("engagement", "not-applicable")),
    ({"suitability": ["customer.plan == 'fibre'"]}, ("engagement", "not-suitable")),
    ({"eligibility": ["customer.tenure_months > 3"]}, ("engagement", "attribute-unknown")),
    ({"value": "customer.spend_12m * 2.0"}, ("arbitration", "value-unknown")),
    ({"value": 0.0}, ("arbitration", "not-worth-it")),
    ({"value": 1.0}, ("arbitration", "outranked")),
]


@pytest.mark.parametrize(("given", "reason"), KEPT_OUT)
def test_the_first_thing_that_keeps_an_action_out_is_its_reason(
    given: dict[str, object], reason: tuple[str, str]
) -> None:
    offers = [action("winner", value=99.0), action("other", **given)]
    plan = decided(customer(attributes={"plan": "basic"}), live(catalogue(actions=offers)), FULL)
    assert shown(plan) == ["winner"]
    assert why_not(plan) == {"other": reason}


def test_an_earlier_stage_is_named_before_a_later_one() -> None:
    everything = {"valid": PAST, "eligibility": ["customer.plan == 'fibre'"], "value": 0.0}
    offers = [action("fibre", **everything), action("plus")]
    plan = decided(customer(), live(catalogue(actions=offers)), FULL)
    assert why_not(plan)["fibre"] == ("schedule", "expired")


def test_a_reason_for_an_unknown_attribute_names_it() -> None:
    offers = [action("fibre", eligibility=["customer.tenure_months > 3"]), action("plus")]
    plan = decided(customer(), live(catalogue(actions=offers)), FULL)
    assert plan.candidates is not None
    assert "customer.tenure_months is not known" in plan.candidates[0].text


def test_content_that_needs_an_attribute_names_it_too() -> None:
    greeting = action("fibre")
    greeting["treatments"][0]["content"] = {"title": "Hello {{ customer.first_name }}"}
    plan = decided(customer(), live(catalogue(actions=[greeting, action("plus")])), FULL)
    assert plan.candidates is not None
    assert plan.candidates[0].code == "attribute-unknown"
    assert "customer.first_name" in plan.candidates[0].text


def test_a_capped_action_is_reported_under_its_author_s_policy_id() -> None:
    never = [{"id": "one-a-day", "applies": {"kind": "offer"}, "cap": 1, "window": "1d"}]
    places = [{"id": "home.hero", "channel": "web", "slots": 2}]
    offers = [action("fibre"), action("plus")]
    engine = live(catalogue(actions=offers, contact=never, placements=places))
    plan = decided(customer(), engine, FULL)
    assert plan.candidates is not None
    row = plan.candidates[0]
    assert (row.action, row.stage, row.reason) == ("plus", "contact", "one-a-day")
    assert row.code != row.reason


def test_exploration_says_so() -> None:
    chancy = {"exploration": {"method": "epsilon", "floor": 1.0}}
    engine = live(catalogue(strategy=chancy), plus=0.9)
    plans = [decided(customer(), engine, FULL, f"{i:032x}") for i in range(20)]
    explored = next(plan for plan in plans if shown(plan) == ["fibre"])
    assert "explored" in [reason.code for reason in explored.placements[0].actions[0].reasons]
    assert why_not(explored)["plus"] == ("arbitration", "passed-over")


def test_a_chosen_action_says_what_it_is_worth_and_what_had_to_hold() -> None:
    offers = [action("fibre", eligibility=["customer.plan != 'fibre'"])]
    plan = decided(customer(attributes={"plan": "basic"}), live(catalogue(actions=offers)))
    reasons = plan.placements[0].actions[0].reasons
    assert [reason.code for reason in reasons] == ["priority", "holds"]
    assert reasons[0].text.startswith("50.0% likely to respond, value 10.00;")
    assert reasons[0].text.endswith("priority 5.00")
    assert reasons[1].text == "customer.plan != 'fibre'"


def test_what_is_worth_a_number_of_a_hundred_digits_says_so_in_a_few() -> None:
    offers = [action("plain"), action("rich", value="customer.spend_12m")]
    plan = decided(customer(attributes={"spend_12m": 1e300}), live(catalogue(actions=offers)), FULL)
    text = plan.placements[0].actions[0].reasons[0].text
    assert text.startswith("50.0% likely to respond, value 1.00e+100;")
    assert text.endswith("priority 5.00e+99")
    assert plan.candidates is not None
    assert plan.candidates[0].text == "Ranks below the last one chosen, of priority 5.00e+99."


def test_who_is_left_when_the_only_slot_s_content_fails_still_has_a_reason() -> None:
    broken = action("broken", value=99.0)
    broken["treatments"][0]["content"] = {"title": "{{ 1 / customer.tenure_months }}"}
    engine = live(catalogue(actions=[broken, action("good")]))
    plan = decided(customer(attributes={"tenure_months": 0}), engine, FULL)
    assert why_not(plan) == {
        "broken": ("engagement", "content-failed"),
        "good": ("arbitration", "outranked"),
    }


def test_an_action_is_compared_with_those_chosen_of_its_own_tier() -> None:
    offers = [action("notice", value=1.0, tier=1), action("b", value=10.0), action("c", value=8.0)]
    place = {"id": "home.hero", "channel": "web", "slots": 2}
    plan = decided(customer(), live(catalogue(actions=offers, placements=[place])), FULL)
    assert shown(plan) == ["notice", "b"]
    assert plan.candidates is not None
    assert (plan.candidates[0].code, plan.candidates[0].text[-5:]) == ("outranked", "5.00.")


offers = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "active": st.booleans(),
            "valid": st.sampled_from([PAST, FUTURE]),
            "eligibility": st.sampled_from(
                [["customer.plan == 'plus'"], ["customer.tenure_months > 1"]]
            ),
            "value": st.sampled_from([0.0, 1.0, 50.0, "customer.spend_12m * 2.0"]),
            "treatments": st.just(BROKEN),
            "tier": st.integers(0, 2),
            "group": st.sampled_from(["g", "h"]),
        },
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60)
@given(
    offers=offers,
    slots=st.integers(1, 4),
    diverse=st.sampled_from(["group", None]),
    consent=st.sampled_from([["marketing"], []]),
    number=st.integers(0, 10**6),
)
def test_every_candidate_not_chosen_has_exactly_one_reason(
    offers: list[dict[str, object]],
    slots: int,
    diverse: str | None,
    consent: list[str],
    number: int,
) -> None:
    place: dict[str, object] = {"id": "home.hero", "channel": "web", "slots": slots}
    if diverse:
        place["diverse"] = diverse
    attributes = {**SCHEMA["attributes"], "age": {"type": "int"}}
    engine = live(
        catalogue(
            schema={**SCHEMA, "attributes": attributes},
            actions=[action(f"a{i}", **given) for i, given in enumerate(offers)],
            groups={"g": {}, "h": {}},
            placements=[place],
            contact=[
                {
                    "id": "cap",
                    "applies": {"kind": "offer"},
                    "per": "group",
                    "cap": 2,
                    "window": "7d",
                }
            ],
            strategy={"exploration": {"method": "epsilon", "floor": 0.5}},
        )
    )
    state = customer(attributes={"plan": "plus", "age": 0}, granted=consent)
    plan = decided(state, engine, FULL, f"{number:032x}")
    assert plan.candidates is not None
    named = [row.action for row in plan.candidates]
    assert sorted(named + shown(plan)) == sorted(f"a{i}" for i in range(len(offers)))
    assert all(row.stage in STAGES and row.code and row.text for row in plan.candidates)
