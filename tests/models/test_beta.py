"""Facts about the prior that needs no training."""

from __future__ import annotations

import msgspec
import pytest

from engine.domain import Action
from engine.errors import ModelRefused
from engine.models.beta import BASE_RATE, UNTRAINED, BetaArtefact, BetaModel, Responses, parse_beta
from tests.models.builders import an_action, facts


def rates(model: BetaModel, *actions: Action) -> list[float]:
    return [float(rate) for rate in model.bind(actions).predict(facts()).propensities]


ARTEFACT = BetaArtefact(
    base_rate=0.1,
    strength=10.0,
    kind={"offer": Responses(90, 19)},
    group={"savings": Responses(90, 45)},
    id={"saver": Responses(0, 0), "isa": Responses(1_000_000, 250_000)},
)
MODEL = BetaModel(ARTEFACT, "v")


def test_an_untrained_house_has_one_stated_rate_for_all() -> None:
    assert rates(UNTRAINED, an_action("a"), an_action("b", "g", "service")) == [BASE_RATE] * 2


def test_an_action_nobody_saw_starts_from_its_group() -> None:
    group = (45 + 10 * 0.2) / 100
    assert rates(
        MODEL, an_action("new", "savings"), an_action("saver", "savings")
    ) == pytest.approx([group] * 2)


def test_a_group_nobody_saw_starts_from_its_kind_and_a_kind_from_the_base() -> None:
    assert rates(MODEL, an_action("new", "loans"), an_action("x", None, "service")) == [0.2, 0.1]


def test_much_evidence_outweighs_the_prior() -> None:
    assert rates(MODEL, an_action("isa", "savings")) == [pytest.approx(0.25, abs=1e-4)]


def test_what_is_written_is_read_back() -> None:
    assert parse_beta(msgspec.json.encode(ARTEFACT), "v") == MODEL


@pytest.mark.parametrize(
    "artefact",
    [
        BetaArtefact(base_rate=0.0),
        BetaArtefact(strength=0.0),
        BetaArtefact(id={"a": Responses(1, 2)}),
        BetaArtefact(id={"a": Responses(1, -1)}),
        BetaArtefact(id={"a": Responses(1e300, 1)}),
    ],
)
def test_impossible_tallies_are_refused(artefact: BetaArtefact) -> None:
    with pytest.raises(ModelRefused):
        parse_beta(msgspec.json.encode(artefact), "v")
