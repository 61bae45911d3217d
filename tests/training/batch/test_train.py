"""A version is trained from a file as anybody has one, and the report says how good it is."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from msgspec import structs

from engine.cli import main
from engine.errors import Misconfigured
from engine.models.checks import check_model
from engine.models.kinds import parse_model
from engine.registry import Registry
from tests.training.batch.histories import MAPPING, a_history, written
from tests.training.pages import ragged
from training.batch.declared import automatic
from training.batch.mapping import to_past
from training.batch.page import page
from training.batch.past import Past
from training.batch.slices import slices
from training.batch.train import Choices, Trained, train
from training.offpolicy.mapping import Columns
from training.report import Interval

COLUMNS = msgspec.yaml.decode(MAPPING, type=Columns)
QUICK = Choices(resamples=40)


@cache
def past() -> Past:
    return to_past(a_history(), COLUMNS, None)


@cache
def trained() -> Trained:
    return train(past(), automatic(past().table, None), QUICK)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["train", *arguments], catch_exceptions=False)


def test_a_file_becomes_a_version_that_serves_nobody_yet(tmp_path: Path) -> None:
    said = run(
        *written_options(tmp_path),
        *("--learner", "beta", "--resamples", "20"),
        *("--json", str(tmp_path / "r.json"), "--html", str(tmp_path / "r.html")),
    )
    assert said.exit_code == 0, said.output
    registry = Registry(tmp_path / "house")
    (digest,) = registry.versions("propensity")
    assert f"teller promote propensity {digest}" in said.output
    assert "--judge LATER.csv" in said.output
    assert registry.aliases("propensity") == {}
    assert registry.load("propensity", digest).kind == "beta"
    told = msgspec.json.decode((tmp_path / "r.json").read_bytes())
    assert {"report", "slices", "captured", "worth"} <= told.keys()
    assert set(told["report"]["baselines"]) == {"constant", "popularity"}
    assert "for everyone" in (tmp_path / "r.html").read_text()


def written_options(folder: Path, mapping: str = MAPPING) -> list[str]:
    file, columns = written(folder, a_history(600), mapping)
    return [file, "--mapping", columns, "--data", str(folder / "house")]


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        (MAPPING.replace("favourite}", "favorite}"), "no column 'favorite'; did you mean 'favou"),
        (MAPPING.replace("reward: clicked", "reward: offer"), "'offer' must hold numbers"),
        (MAPPING.replace("at: sent_at", "at: page"), "'page' must hold times"),
        (MAPPING.replace("probability: chance", "probability: spend"), "at most 1"),
        (MAPPING + "rewards: clicked\n", "unknown field `rewards`"),
    ],
)
def test_a_mapping_that_does_not_fit_says_where_and_what_to_write(
    tmp_path: Path, mapping: str, said: str
) -> None:
    answer = run(*written_options(tmp_path, mapping))
    assert answer.exit_code == 1
    assert said in answer.output
    assert not (tmp_path / "house").exists()


def test_a_column_taken_for_free_text_is_said_not_to_be_looked_at(tmp_path: Path) -> None:
    options = written_options(tmp_path)
    history = pd.read_csv(options[0])
    spend = history["spend"].astype(str).where(history.index != 7, "many")
    history.assign(spend=spend).to_csv(options[0], index=False)
    said = run(*options, "--learner", "beta", "--resamples", "20")
    assert said.exit_code == 0, said.output
    assert "not looked at: customer.spend_12m (empty, or free text of over 40" in said.output


def test_figures_of_a_handful_of_customers_are_said_to_be_too_sure() -> None:
    report = trained().study.report
    assert "too narrow" not in report.text()
    few = structs.replace(report, test_customers=3)
    assert "these intervals are too narrow: the rows come to only 3.0 customers" in few.text()
    study = structs.replace(trained().study, report=few)
    assert "These intervals are too narrow: the rows come to only 3.0" in page(study, "few")


def test_words_of_any_length_leave_a_report_room() -> None:
    study = trained().study
    long = structs.replace(study.slices[0], value="x" * 5000, gap=Interval(0.2, 0.1, 0.3))
    wordy = structs.replace(study, slices=(long,))
    assert "x" * 45 not in wordy.text() + page(wordy, "wordy")


def test_without_a_file_the_catalogue_of_the_archive_is_asked_for(tmp_path: Path) -> None:
    answer = run("--data", str(tmp_path))
    assert answer.exit_code == 1
    assert "--catalogue" in answer.output


def test_rows_that_say_nothing_make_no_model() -> None:
    silent = a_history(300).assign(clicked=0)
    rows = to_past(silent, COLUMNS, None)
    with pytest.raises(Misconfigured, match="do not make a model"):
        train(rows, automatic(rows.table, None), QUICK)


def test_the_report_knows_what_the_truth_is_made_of() -> None:
    study = trained().study
    assert study.report.gain["auc"].low > 0
    ranked = [one.name for one in study.importance]
    worse = {one.name: one.worse for one in study.importance}
    assert worse["customer.likes"] > 0.02
    assert abs(worse["context.page"]) < 0.005
    assert set(ranked[:2]) == {"the action", "customer.likes"}
    assert ranked.index("customer.spend_12m") < ranked.index("context.page")
    assert {one.by for one in study.slices} >= {"action", "group", "channel", "placement"}
    assert {"customer.plan", "customer.spend_12m"} <= {one.by for one in study.slices}
    assert list(study.captured) == sorted(study.captured)
    assert study.captured[2] > 0.4
    assert study.captured[-1] == pytest.approx(1.0)


def test_choosing_by_the_model_is_weighed_against_the_same_for_everyone() -> None:
    worth = trained().study.worth
    assert worth is not None
    (model,) = worth.policies
    everyone = [one.name for one in worth.baselines if one.name.endswith("for everyone")]
    assert everyone[0] == "wine for everyone"
    assert all(model.gains[name].low > 0 for name in everyone)
    # What truly is: the mean chance of an answer when each is offered what they like.
    frame = a_history(40_000, seed=8)
    liked = frame[frame["offer"] == frame["favourite"]]
    assert model.value.low < liked["clicked"].mean() < model.value.high


def test_without_chances_nobody_knows_what_choosing_would_have_earned() -> None:
    blind = msgspec.structs.replace(COLUMNS, selection_probability=None)
    rows = to_past(a_history(800), blind, None)
    study = train(rows, automatic(rows.table, None), QUICK).study
    assert study.worth is None
    assert "unknown" in study.text()
    assert "not known" in study.weighted


def test_rows_weigh_one_over_their_chance_up_to_the_clip() -> None:
    weights = past().weighted(4.0).table.weights
    often, seldom = (weights[past().probabilities == chance] for chance in (0.6, 0.2))
    assert np.unique(often).size == np.unique(seldom).size == 1
    assert seldom[0] / often[0] == pytest.approx(4.0 * 0.6)
    assert weights.mean() == pytest.approx(1.0)
    assert np.unique(past().weighted(1.0).table.weights).size == 1


def test_a_slice_where_the_model_is_off_is_marked() -> None:
    some = past().where(np.arange(len(past())) < 2000)
    truth = np.full(len(some), some.table.labels.mean())
    wine = np.array([action.id == "wine" for action in some.table.actions])
    found = slices(some, np.where(wine, truth / 3, truth), (), resamples=60, seed=0)
    off = {(one.by, one.value) for one in found if one.gap.low > 0}
    assert {("action", "wine"), ("group", "drinks")} <= off


def test_a_number_of_two_values_is_cut_into_the_two() -> None:
    frame = a_history(400).assign(children=np.arange(400) % 2)
    rows = to_past(frame, msgspec.structs.replace(COLUMNS, customer=("children",)), None)
    found = slices(rows, np.full(400, 0.2), automatic(rows.table, None), resamples=20, seed=0)
    assert {one.value for one in found if one.by == "customer.children"} == {"0", "1"}


def test_an_action_may_have_a_learner_of_its_own() -> None:
    rows = past().where(np.arange(len(past())) < 800)
    features = automatic(rows.table, None)
    own = train(rows, features, QUICK._replace(own=True))
    assert own.study.report.choices["own"] is True
    assert len(own.artefact) > len(train(rows, features, QUICK).artefact)
    check_model_of(own)


def check_model_of(made: Trained) -> None:
    actions = sorted(set(past().table.actions), key=lambda action: action.id)
    check_model(parse_model(made.kind, made.artefact), actions, past().table.facts[:3])


def test_the_page_holds_its_pictures_and_fetches_nothing() -> None:
    html = page(trained().study, "<b>house</b>")
    assert html.count("<svg") == 4
    assert ragged(html) == []
    assert "<b>house" not in html
    assert not any(word in html for word in ("src=", "<script", "<link", "@import", "url(http"))


def test_the_same_rows_and_seed_make_the_same_version() -> None:
    rows = past().where(np.arange(len(past())) < 400)
    one, other = (train(rows, automatic(rows.table, None), QUICK) for _ in range(2))
    assert (one.artefact, one.study.json()) == (other.artefact, other.study.json())
