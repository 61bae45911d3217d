"""A shadow predicts along and touches no answer; the figures say who serves."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from engine.bootstrap import Application
from engine.plan import Mode
from engine.registry import Registry
from engine.services.live import shadow as shadow_room
from engine.services.live.shadow import AT_ONCE
from tests.services.routing.versions import a_rate, decide, figures


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine, a shadow compares all it may."""
    monkeypatch.setattr(shadow_room, "AT_MOST", 60.0)


def test_a_shadow_predicts_for_what_was_decided_and_touches_no_answer(
    house: Application, registry: Registry
) -> None:
    before = decide(house, "c-1").placements[0].actions[0]
    registry.promote("propensity", a_rate(registry, 0.4), "shadow")
    house.served.look()
    after = decide(house, "c-2").placements[0].actions[0]
    assert (after.propensity, after.priority) == (before.propensity, before.priority)
    assert "teller_shadow_scored_total{" not in figures(house)
    house.served.look()
    assert 'teller_shadow_scored_total{favourite="same"} 1.0' in figures(house)
    assert "teller_shadow_difference_count 1.0" in figures(house)


@pytest.mark.parametrize("mode", ["preview", "bot"])
def test_a_shadow_is_compared_in_what_is_decided_for_people(
    house: Application, registry: Registry, mode: Mode
) -> None:
    registry.promote("propensity", a_rate(registry, 0.4), "shadow")
    house.served.look()
    for number in range(3):
        decide(house, f"c-{number}", mode)
    decide(house, "c-3")
    house.served.look()
    assert "teller_shadow_difference_count 1.0" in figures(house)


def test_a_shadow_costs_the_same_however_much_is_decided(
    house: Application, registry: Registry
) -> None:
    registry.promote("propensity", a_rate(registry, 0.4), "shadow")
    house.served.look()
    for number in range(AT_ONCE + 20):
        decide(house, f"c-{number % 5}")
    house.served.look()
    assert f"teller_shadow_difference_count {AT_ONCE}.0" in figures(house)


def test_a_shadow_that_takes_long_compares_fewer(
    house: Application, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadow_room, "AT_MOST", 0.0)
    registry.promote("propensity", a_rate(registry, 0.4), "shadow")
    house.served.look()
    for number in range(5):
        decide(house, f"c-{number}")
    house.served.look()
    house.served.look()
    assert "teller_shadow_difference_count 1.0" in figures(house)


def test_what_a_shadow_saw_is_told_in_the_log(
    house: Application, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shadow_room, "TOLD_EVERY", 2)
    digest = a_rate(registry, 0.4)
    registry.promote("propensity", digest, "shadow")
    house.served.look()
    for named in ("c-1", "c-2"):
        decide(house, named)
    with capture_logs() as said:
        house.served.look()
    (line,) = said
    assert (line["event"], line["version"], line["scored"]) == ("shadow", digest, 2)
    assert line["mean_above"] == pytest.approx(line["mean_difference"], abs=0.01)


def test_with_no_shadow_the_model_itself_predicts(house: Application, registry: Registry) -> None:
    bound = house.served.live.predictor
    assert type(bound).__name__ == "BetaPredictor"
    assert house.served.live.route is None
    assert registry.table("propensity").routing().challenger is None


def test_the_figures_say_which_version_serves_with_which_share(
    house: Application, registry: Registry
) -> None:
    champion, challenger = registry.resolve("propensity"), a_rate(registry, 0.3)
    registry.promote("propensity", challenger, "challenger", 0.25)
    house.served.look()
    share = 'teller_model_share{role="%s",version="%s"} %s'
    assert share % ("champion", champion, 0.75) in figures(house)
    assert share % ("challenger", challenger, 0.25) in figures(house)
    (model,) = house.standing.models().models
    assert (model.serving, model.share) == (champion, 0.25)
    assert model.aliases == {"champion": champion, "challenger": challenger}
    registry.promote("propensity", challenger)
    house.served.look()
    assert share % ("champion", champion, 0.0) in figures(house)
    assert share % ("champion", challenger, 1.0) in figures(house)
    (model,) = house.standing.models().models
    assert (model.share, model.previous) == (0.0, [champion])


def test_a_learner_s_many_snapshots_are_one_line_of_the_figures(
    house: Application, registry: Registry
) -> None:
    for rate in (0.2, 0.3, 0.4):
        registry.promote("propensity", a_rate(registry, rate), "learned")
        house.served.look()
    assert figures(house).count('teller_model_share{role="shadow"') == 1
    assert 'teller_model_share{role="shadow",version="learned"} 0.0' in figures(house)
