from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.namespaces import normalise

DECLARED = frozenset({"email", "phone", "cookie", "loyalty", "anonymous"})


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("email: Ana.Sousa@Example.COM ", "email:ana.sousa@example.com"),
        ("email:STRASSE@BÜCHER.example", "email:strasse@bücher.example"),
        ("email:JOSE\u0301@EXAMPLE.com", "email:josé@example.com"),
        ("email:jose\u0301@example.com", "email:josé@example.com"),
        ("phone:+351 912 345 678", "phone:+351912345678"),
        ("phone:912 345 678", "phone:+351912345678"),
        ("phone:00351 912-345-678", "phone:+351912345678"),
        ("phone:+351 21 123 4567 ext. 5", "phone:+351211234567;ext=5"),
        ("phone:21 123 4567;ext=5", "phone:+351211234567;ext=5"),
        ("cookie: AbC=1 ", "cookie:AbC=1"),
        ("loyalty:Card:7", "loyalty:Card:7"),
        ("anonymous:5F", "anonymous:5F"),
    ],
)
def test_the_same_person_is_met_under_one_name(sent: str, stored: str) -> None:
    assert normalise(sent, DECLARED, "PT") == stored


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("email:maß@example.com", "email:mass@example.com"),
        ("email:ana@straße.example", "email:ana@strasse.example"),
        ("email:ﬁna@example.com", "email:fina@example.com"),
        ("phone:+351211234567 ext 5", "phone:+351211234567 ext 6"),
        ("phone:+351211234567 ext 5", "phone:+351211234567"),
    ],
)
def test_two_people_are_never_met_under_one_name(one: str, other: str) -> None:
    assert normalise(one, DECLARED, "PT") != normalise(other, DECLARED, "PT")


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ("ana@example.com", "must be namespace:value"),
        ("emial:ana@example.com", "did you mean 'email'"),
        ("passport:1", "one of anonymous, cookie, email, loyalty, phone"),
        ("email:  ", "nothing after its namespace"),
        ("email:ana", "no e-mail address"),
        ("email:ana sousa@example.com", "no e-mail address"),
        ("email:@example.com", "no e-mail address"),
        ("email:ana@@example.com", "no e-mail address"),
        ("email:ana\u200b@example.com", "nobody can see"),
        ("email:\u202eana@example.com", "nobody can see"),
        ("email:ana\u00a0sousa@example.com", "nobody can see"),
        ("phone:912", "no phone number"),
        ("phone:ana", "no phone number"),
    ],
)
def test_what_is_no_identity_is_refused_with_a_sentence(sent: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        normalise(sent, DECLARED, "PT")


def test_a_phone_number_without_country_needs_a_region_and_is_told_which_setting() -> None:
    with pytest.raises(ValueError, match=r"country code.*TELLER_PHONE_REGION"):
        normalise("phone:912345678", DECLARED, None)


@settings(max_examples=500)
@given(st.sampled_from(sorted(DECLARED)), st.text(max_size=40))
def test_what_is_normal_stays_as_it_is(namespace: str, value: str) -> None:
    try:
        once = normalise(f"{namespace}:{value}", DECLARED, "PT")
    except ValueError:
        return
    assert normalise(once, DECLARED, "PT") == once
