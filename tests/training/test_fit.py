"""Facts about fitting: what is learnt is what is served, and the future stays unseen."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from engine.domain import Action
from engine.models.base import Model
from engine.models.beta import BetaArtefact, BetaModel
from engine.models.checks import check_model
from engine.models.kinds import parse_model
from engine.models.logistic import LogisticArtefact, LogisticModel
from engine.registry import Registry
from tests.training.worlds import ACTIONS, FEATURES, HOUR, a_world
from training.answers import yes_and_no
from training.boosting import Shape
from training.dataset import Examples, scaled
from training.design import Design
from training.fit import Fitted, fit_beta, fit_logistic, fit_trees, predict
from training.report import Report, log_losses

CUT = 3000 * HOUR


@pytest.fixture(scope="module")
def world() -> Examples:
    return a_world()


@pytest.fixture(scope="module")
def fitted(world: Examples) -> Fitted:
    return fit_logistic(world, FEATURES, cut=CUT, resamples=50)


def served(model: Model, table: Examples) -> list[float]:
    """One decision at a time, as serving does it."""
    actions = sorted(ACTIONS, key=lambda action: action.id)
    predictor = model.bind(actions)
    return [
        float(predictor.predict(facts).propensities[actions.index(action)])
        for facts, action in zip(table.facts, table.actions, strict=True)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_the_folded_artefact_agrees_with_predict_proba(seed: int) -> None:
    table = a_world(500, seed)
    design = Design(scaled(FEATURES, table), table.actions)
    x = design.matrix(table)
    theirs = LogisticRegression(C=10.0 ** (seed - 2), max_iter=1000).fit(x, table.labels)
    model = parse_model("logistic", design.artefact(theirs.coef_[0], theirs.intercept_[0]))
    wanted = theirs.predict_proba(x)[:, 1]
    np.testing.assert_allclose(served(model, table), wanted, rtol=0, atol=1e-9)
    np.testing.assert_allclose(predict(model, table), wanted, rtol=0, atol=1e-9)


def test_a_prior_predicts_as_it_serves(world: Examples) -> None:
    model = parse_model("beta", fit_beta(world, cut=CUT, resamples=20).artefact)
    assert predict(model, world).tolist() == served(model, world)


def test_the_model_finds_what_is_there(fitted: Fitted) -> None:
    report = fitted.report
    assert report.model.auc.low > 0.65
    assert report.gain["auc"].low > 0.0
    assert report.gain["log_loss"].low > 0.0
    assert report.model.calibration_error < 0.05
    assert report.baselines["constant"].auc.value == 0.5


def test_the_rows_after_the_cut_teach_nothing(world: Examples, fitted: Fitted) -> None:
    after = world.at >= CUT
    turned = replace(world, labels=np.where(after, 1 - world.labels, world.labels))
    again = fit_logistic(turned, FEATURES, cut=CUT, resamples=50)
    assert again.artefact == fitted.artefact
    assert again.report.model.auc.value < 0.5


def test_the_same_rows_give_the_same_bytes_on_any_number_of_threads(
    world: Examples, fitted: Fitted
) -> None:
    again = fit_logistic(world, FEATURES, cut=CUT, resamples=50, threads=2)
    assert again == fitted


def test_calibration_is_folded_in_only_where_it_helps(world: Examples) -> None:
    # The world grows colder after hour 2400: only the latest fifth of training knows.
    rng = np.random.default_rng(3)
    cold = (world.at >= 2400 * HOUR) & (rng.random(len(world)) < 0.7)
    drifted = replace(world, labels=np.where(cold, 0.0, world.labels))
    with_it = fit_logistic(drifted, FEATURES, cut=CUT, resamples=20).report
    without = fit_logistic(drifted, FEATURES, cut=CUT, resamples=20, calibrate=False).report
    assert with_it.choices["calibrated"] is True
    assert with_it.model.log_loss.value < without.model.log_loss.value
    assert with_it.model.calibration_error < without.model.calibration_error


def test_heavier_rows_pull_harder(world: Examples) -> None:
    heavy = replace(world, weights=np.where(world.labels == 1, 10.0, 1.0))
    plain = BetaArtefact().base_rate
    for table in (world, heavy):
        made = msgspec.json.decode(
            fit_beta(table, cut=CUT, resamples=20).artefact, type=BetaArtefact
        )
        assert made.base_rate > plain
        plain = made.base_rate
    strong = fit_logistic(heavy, FEATURES, cut=CUT, resamples=20, calibrate=False)
    assert predict(parse_model("logistic", strong.artefact), world).mean() > 0.6


@pytest.mark.parametrize("fit", ["logistic", "beta"])
def test_what_is_fitted_passes_every_check_and_can_be_published(
    world: Examples, fitted: Fitted, fit: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    made = fitted if fit == "logistic" else fit_beta(world, cut=CUT, resamples=20)
    check_model(parse_model(made.kind, made.artefact), ACTIONS, list(world.facts[:5]))
    registry = Registry(tmp_path_factory.mktemp("data"))
    report = json.loads(made.report.json())
    digest = registry.publish("response", made.kind, made.artefact, {"report": report})
    assert registry.promote("response", digest).version == digest


def test_a_new_offer_starts_from_its_group(fitted: Fitted, world: Examples) -> None:
    model = parse_model("logistic", fitted.artefact)
    newcomers = [Action("a", "offer", "savings", None), Action("b", "offer", "credit", None)]
    rich = max(world.facts, key=lambda facts: float(str(facts.customer["spend"])))
    savings, credit = model.bind(newcomers).predict(rich).propensities
    assert savings > credit


@pytest.mark.parametrize("cut", [0, 10**15])
def test_a_cut_that_leaves_nothing_to_learn_or_measure_says_so(world: Examples, cut: int) -> None:
    with pytest.raises(ValueError, match="move the cut"):
        fit_logistic(world, FEATURES, cut=cut)


@pytest.mark.parametrize(("label", "said"), [(0.0, "none"), (1.0, "all")])
def test_rows_all_answered_alike_are_said_to_be_whatever_the_cut(
    world: Examples, label: float, said: str
) -> None:
    alike = replace(world, labels=np.full(len(world), label))
    before = int((world.at < CUT).sum())
    with pytest.raises(ValueError, match=f"^{said} of the {before:,} rows before the .* answered$"):
        fit_logistic(alike, FEATURES, cut=CUT)


def test_the_report_reads_as_text_and_as_json(fitted: Fitted) -> None:
    text = fitted.report.text()
    assert "AUC (95%)" in text
    assert "popularity" in text
    assert msgspec.json.decode(fitted.report.json(), type=Report) == fitted.report


def test_numbers_are_scaled_by_training_rows_alone(world: Examples, fitted: Fitted) -> None:
    model = parse_model("logistic", fitted.artefact)
    assert isinstance(model, LogisticModel)
    assert model.artefact.features == scaled(FEATURES, world.split(CUT)[0])
    assert isinstance(parse_model("beta", b'{"type":"teller.beta.1"}'), BetaModel)
    assert isinstance(model.artefact, LogisticArtefact)


def half(table: Examples) -> Examples:
    """The same offers, every other one worth a fifth when it is answered."""
    labels = table.labels * np.where(np.arange(len(table)) % 2, 0.2, 1.0)
    return Examples(table.facts, table.actions, labels, table.at, table.weights, table.subjects)


def test_an_answer_worth_a_fifth_is_a_fifth_of_a_yes_and_the_rest_of_a_no() -> None:
    labels, weights = np.array([1.0, 0.2, 0.0]), np.array([3.0, 2.0, 1.0])
    rows, answers, shares = yes_and_no(labels, weights)
    assert rows.tolist() == [0, 1, 1, 2]
    assert answers.tolist() == [1.0, 1.0, 0.0, 0.0]
    assert shares.tolist() == pytest.approx([3.0, 0.4, 1.6, 1.0])
    promised = np.array([0.7, 0.3, 0.1])
    one_by_one = log_losses(answers, promised[rows])
    assert shares @ one_by_one == pytest.approx(weights @ log_losses(labels, promised))


@pytest.mark.parametrize("kind", ["logistic", "trees"])
def test_where_answers_are_worth_fractions_what_is_promised_is_what_they_are_worth(
    kind: str,
) -> None:
    table, cut = half(a_world(4000)), 3_000 * HOUR
    if kind == "logistic":
        fitted = fit_logistic(table, FEATURES, cut=cut, strengths=(0.3,), resamples=20)
    else:
        fitted = fit_trees(table, FEATURES, cut=cut, shapes=(Shape(40, 6, 0.1),), resamples=20)
    tenths = fitted.report.model.deciles
    assert fitted.report.model.calibration_error < 0.05
    assert max(one.promised for one in tenths) < 0.6  # answers are likelier than that
    assert fitted.report.training_positive == int((table.labels[:3_000] > 0).sum())
