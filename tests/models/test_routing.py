"""Which version decides for whom, and what promoting and rolling back make of the aliases."""

from __future__ import annotations

import pytest

from engine.errors import ModelRefused, NotFound
from engine.models.routing import PREVIOUS, Alias, Aliases, Routing, read_aliases

CUSTOMERS = [f"c-{number}" for number in range(20_000)]


def challenged(routing: Routing) -> set[str]:
    return {customer for customer in CUSTOMERS if routing.challenged(customer)}


def test_a_challenger_gets_its_share_of_customers_and_always_the_same_ones() -> None:
    routing = Routing("a", "b", None, 0.1, "b")
    found = challenged(routing)
    assert 0.09 < len(found) / len(CUSTOMERS) < 0.11
    assert challenged(Routing("a", "b", None, 0.1, "b")) == found


def test_a_growing_share_keeps_the_customers_it_had() -> None:
    small, large = (challenged(Routing("a", "b", None, share, "b")) for share in (0.1, 0.4))
    assert small < large


def test_another_challenge_falls_on_other_customers() -> None:
    one, other = (challenged(Routing("a", "b", None, 0.2, salt)) for salt in ("b", "c"))
    assert 0.15 < len(one & other) / len(one) < 0.25


def test_a_challenger_s_successor_takes_over_its_customers() -> None:
    first = Aliases().promoted("a", "champion").promoted("b", "challenger", 0.2)
    second = first.promoted("c", "challenger")
    assert (second.challenger, second.share, second.salt) == ("c", 0.2, "b")
    assert challenged(second.routing()) == challenged(first.routing())
    assert second.ended("challenger").promoted("d", "challenger").salt == "d"


def test_the_learner_decides_until_a_champion_does_and_is_the_shadow_from_then_on() -> None:
    learning = Aliases().promoted("l1", "learned")
    assert learning.routing() == Routing("l1", learned="l1")
    crowned = learning.promoted("a", "champion")
    assert crowned.routing() == Routing("a", None, "l1", learned="l1")
    assert crowned.promoted("b", "shadow").routing().shadow == "b"


def test_an_alias_may_follow_the_learner() -> None:
    following = Aliases(learned="l1").promoted("learned", "champion")
    assert following.routing() == Routing("l1", learned="l1")
    assert following.promoted("l2", "learned").routing() == Routing("l2", learned="l2")
    half = Aliases(champion="a", learned="l1").promoted("learned", "challenger", 0.5)
    newer = half.promoted("l2", "learned")
    assert newer.routing().challenger == "l2"
    assert challenged(newer.routing()) == challenged(half.routing())


def test_rolling_back_brings_the_champion_before_back_for_everyone() -> None:
    aliases = Aliases()
    for digest in "abc":
        aliases = aliases.promoted(digest, "champion")
    aliases = aliases.promoted("d", "challenger", 0.3)
    assert (aliases.before, Aliases().before) == ("b", None)
    back = aliases.rolled_back()
    assert (back.champion, back.challenger, back.share) == ("b", None, 0.0)
    assert back.rolled_back().champion == "a"
    first = back.rolled_back()
    assert (first.before, first.promoted("l1", "learned").before) == ("none", "learned")
    nobody = first.rolled_back()
    assert nobody.routing() == Routing()
    with pytest.raises(NotFound, match="no earlier champion"):
        nobody.rolled_back()


def test_a_challenger_that_wins_challenges_no_more() -> None:
    won = Aliases("a").promoted("b", "challenger", 0.5).promoted("b", "champion")
    assert won.routing() == Routing("b")
    assert won.previous == ("a",)


@pytest.mark.parametrize("alias", ["challenger", "shadow"])
def test_what_decides_for_everybody_is_no_challenger_of_itself(alias: Alias) -> None:
    with pytest.raises(ModelRefused, match="a decides for everybody already"):
        Aliases("a").promoted("a", alias)
    with pytest.raises(ModelRefused, match="the learner decides for everybody already"):
        Aliases(learned="l1").promoted("learned", alias)
    frozen = Aliases(learned="l1").promoted("l1", alias)  # stays, while the learner goes on
    assert frozen.promoted("l2", "learned").versions()[alias] == "l1"


def test_promoting_the_champion_again_forgets_no_earlier_one() -> None:
    once = Aliases("a").promoted("b", "champion")
    assert once.promoted("b", "champion") == once


def test_the_champions_before_are_kept_up_to_a_limit() -> None:
    aliases = Aliases()
    for number in range(PREVIOUS + 10):
        aliases = aliases.promoted(str(number), "champion")
    assert len(aliases.previous) == PREVIOUS
    assert aliases.previous[0] == str(PREVIOUS + 8)


def test_what_is_written_is_read_again() -> None:
    aliases = Aliases("a", spent=("v1", "v2")).promoted("b", "champion")
    aliases = aliases.promoted("c", "challenger", 0.125)
    assert read_aliases(aliases.written()) == aliases
    assert read_aliases(Aliases().written()) == read_aliases({}) == Aliases()


@pytest.mark.parametrize("share", ["much", "1.5", "-0.1", "nan"])
def test_a_share_that_is_none_is_refused(share: str) -> None:
    with pytest.raises(ModelRefused, match="from 0 to 1"):
        read_aliases({"champion": "a", "share": share})
