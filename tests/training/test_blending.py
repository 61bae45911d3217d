"""Ways to blend a trained model with one that learns: what is said of them is measured here."""

from __future__ import annotations

import pytest

from training.blending.playing import Regret, study


@pytest.fixture(scope="module")
def played() -> dict[str, Regret]:
    return {name: one for name, (one,) in study(1, 600)}


def test_whatever_learns_or_was_trained_misses_less_than_chance(played: dict[str, Regret]) -> None:
    chance = played.pop("by chance").whole
    assert [name for name, one in played.items() if one.whole > 0.8 * chance] == []


def test_a_learner_told_what_a_trained_model_expects_misses_less_from_the_start(
    played: dict[str, Regret],
) -> None:
    told, alone = played["prior, worth 300 answers an offer"], played["online alone"]
    assert told.before < 0.5 * alone.before


def test_the_same_seed_plays_the_same_visits(played: dict[str, Regret]) -> None:
    again = next(one for name, (one,) in study(1, 600) if name == "trained alone")
    assert again == played["trained alone"]
