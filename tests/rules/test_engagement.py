from __future__ import annotations

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain import Consent, Knockout
from engine.rules.consent import ConsentPolicy
from engine.rules.engagement import QUESTIONS, Engagement, Requirement
from engine.rules.policy import Policies, first_reasons, standing
from engine.rules.schedule import Schedule


class Evaluation(NamedTuple):
    false: list[int]
    unknown: list[int]


class Condition(NamedTuple):
    text: str


CONDITIONS = [Condition("customer.age >= 18"), Condition("context.page == '/x'")]
ENGAGEMENT = Engagement(
    [
        Requirement(0, "suitability", 0b100),
        Requirement(1, "applicability", 0b011),
        Requirement(0, "eligibility", 0b001),
    ],
    CONDITIONS,
)
MASKS = st.integers(0, 255)


def knockout(mask: int) -> Knockout:
    return Knockout("contact", "cap-reached", "a", "A sentence.", mask)


def test_a_false_condition_keeps_out_the_actions_that_need_it_by_question() -> None:
    said = ENGAGEMENT.knockouts(Evaluation([0], []))
    assert [(one.code, one.mask) for one in said] == [
        ("not-eligible", 0b001),
        ("not-suitable", 0b100),
    ]


def test_questions_are_reported_in_order_whatever_the_conditions_numbers() -> None:
    said = ENGAGEMENT.knockouts(Evaluation([1], [0]))
    assert [one.code for one in said] == [
        "attribute-unknown",
        "not-applicable",
        "attribute-unknown",
    ]


def test_what_is_not_known_keeps_out_and_leads_back_to_its_condition() -> None:
    (said,) = ENGAGEMENT.knockouts(Evaluation([], [1]))
    assert said.code == said.reason == "attribute-unknown"
    assert said.text == "Needs context.page == '/x', which is not known."
    assert ENGAGEMENT.condition_of(said) == 1
    assert ENGAGEMENT.condition_of(knockout(1)) is None


def test_conditions_that_hold_keep_nothing_out() -> None:
    assert ENGAGEMENT.knockouts(Evaluation([], [])) == []


def test_the_schedule_speaks_before_consent_and_consent_before_engagement() -> None:
    policies = Policies(
        Schedule([False, True, True], [None] * 3, [None] * 3),
        ConsentPolicy({"marketing": 0b011}),
        ENGAGEMENT,
    )
    verdict = policies.judge(0b111, {}, Evaluation([0], []), 0)
    assert verdict.standing == 0
    assert [(action, one.code) for action, one in first_reasons(verdict.knockouts, 0b111)] == [
        (0, "inactive"),
        (1, "consent-unknown"),
        (2, "not-suitable"),
    ]
    granted = {"marketing": Consent("granted", 1, "api")}
    assert policies.judge(0b111, granted, Evaluation([], []), 0).standing == 0b110


@settings(max_examples=300)
@given(st.lists(MASKS), MASKS)
def test_every_action_that_does_not_stand_has_exactly_one_reason_and_it_is_the_first(
    masks: list[int], candidates: int
) -> None:
    knockouts = [knockout(mask) for mask in masks]
    reasons = list(first_reasons(knockouts, candidates))
    assert len({action for action, _ in reasons}) == len(reasons)
    fallen = candidates & ~standing(candidates, knockouts)
    assert sum(1 << action for action, _ in reasons) == fallen
    for action, reason in reasons:
        earliest = next(one for one in knockouts if one.mask >> action & 1)
        assert reason.mask == earliest.mask


@settings(max_examples=200)
@given(
    st.lists(st.builds(Requirement, st.integers(0, 5), st.sampled_from(QUESTIONS), MASKS)),
    st.lists(st.sampled_from(("true", "false", "unknown")), min_size=6, max_size=6),
)
def test_an_action_stands_only_when_all_it_needs_is_true(
    requirements: list[Requirement], results: list[str]
) -> None:
    engagement = Engagement(requirements, [Condition(str(number)) for number in range(6)])
    evaluation = Evaluation(
        [number for number, result in enumerate(results) if result == "false"],
        [number for number, result in enumerate(results) if result == "unknown"],
    )
    left = standing(255, engagement.knockouts(evaluation))
    for action in range(8):
        needs = [one.condition for one in requirements if one.mask >> action & 1]
        assert bool(left >> action & 1) == all(results[need] == "true" for need in needs)
