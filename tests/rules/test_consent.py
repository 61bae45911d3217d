from __future__ import annotations

from itertools import permutations

import pytest

from engine.domain import Consent
from engine.rules.consent import ConsentPolicy, later

POLICY = ConsentPolicy({"marketing": 0b011, "research": 0b100, "unused": 0})


def yes() -> Consent:
    return Consent("granted", 1, "api")


def no() -> Consent:
    return Consent("denied", 1, "api")


def said(consent: dict[str, Consent]) -> list[tuple[str, int]]:
    return [(one.code, one.mask) for one in POLICY.knockouts(consent)]


def test_silence_is_a_no() -> None:
    assert said({}) == [("consent-unknown", 0b011), ("consent-unknown", 0b100)]


def test_a_no_to_one_purpose_leaves_the_actions_of_another() -> None:
    assert said({"marketing": no(), "research": yes()}) == [("consent-denied", 0b011)]


def test_a_yes_lets_every_action_of_its_purpose_through() -> None:
    assert said({"marketing": yes(), "research": yes()}) == []


def test_a_yes_to_something_else_is_not_a_yes() -> None:
    assert ("consent-unknown", 0b011) in said({"personalisation": yes()})


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_the_later_statement_holds_and_of_two_at_once_the_no(order: tuple[int, ...]) -> None:
    told = (Consent("granted", 2, "web"), Consent("denied", 2, "shop"), Consent("granted", 1, "x"))
    holds = None
    for index in order:
        holds = later(holds, told[index])
    assert holds == told[1]
