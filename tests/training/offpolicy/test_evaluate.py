"""Facts about `teller evaluate`: one command from a file to a page, or to a plain refusal."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.models.features import Category, Feature
from engine.models.logistic import LogisticArtefact, Term
from engine.registry import Registry
from tests.training.offpolicy.worlds import AIM, KINDS, NAMES, RATES, a_world
from tests.training.pages import ragged
from training.offpolicy.picture import Bar, picture
from training.report import Interval

MAPPING = """
action: offer
reward: clicked
selection_probability: chance
context: [kind]
actions: {fruit: {group: fresh}, news: {kind: message, value: 1}, wine: {group: drinks}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A log of 4,000 rows as CSV and Parquet, and its mapping."""
    log, target, _ = a_world(4000, 1)
    kinds = log.contexts["kind"].str[1:].astype(int)
    frame = pd.DataFrame(
        {
            "offer": np.array(NAMES)[log.actions],
            "clicked": log.rewards.astype(int),
            "chance": log.probabilities,
            "kind": log.contexts["kind"],
            "aim": target.taken,
            "rare": np.where(np.arange(len(log)) < 5, 1.0, 0.0),
            "number": kinds,
        }
    )
    frame.to_csv(tmp_path / "log.csv.gz", index=False)
    frame.to_parquet(tmp_path / "log.parquet")
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    return tmp_path


def run(folder: Path, *arguments: str, log: str = "log.csv.gz") -> Result:
    options = ["--mapping", str(folder / "mapping.yaml"), "--data", str(folder)]
    options += ["--resamples", "100"]
    return CliRunner().invoke(main, ["evaluate", str(folder / log), *options, *arguments])


def reported(folder: Path, *arguments: str, log: str = "log.csv.gz") -> dict[str, dict[str, float]]:
    file = folder / "report.json"
    done = run(folder, *arguments, "--json", str(file), log=log)
    assert done.exit_code == 0, done.output
    found = json.loads(file.read_bytes())
    return {each["name"]: each for each in found["policies"] + found["baselines"]}


def test_policies_are_valued_beside_what_was_logged_and_every_constant(folder: Path) -> None:
    done = run(folder, "--policy", "uniform", "--policy", "column:aim")
    assert done.exit_code == 0, done.output
    for words in ("4,000 decisions of 4,000 customers", "logged  ", "uniform  ", "column:aim"):
        assert words in done.output
    for name in NAMES:
        assert f"over constant:{name}" in done.output


def test_the_estimates_hold_the_true_values(folder: Path) -> None:
    found = reported(folder, "--policy", "uniform", "--policy", "column:aim")
    truths = {"uniform": RATES.mean(), "column:aim": (AIM * RATES).sum(axis=1).mean()}
    truths |= {f"constant:{name}": RATES[:, i].mean() for i, name in enumerate(NAMES)}
    assert found.keys() == truths.keys()
    for name, truth in truths.items():
        for by, each in found[name]["estimates"].items():
            assert each["low"] - 0.01 <= truth <= each["high"] + 0.01, (name, by)


def test_parquet_says_the_same_as_csv(folder: Path) -> None:
    policy = ("--policy", "constant:wine")
    assert reported(folder, *policy, log="log.parquet") == reported(folder, *policy)


def test_a_model_of_the_registry_is_valued_by_what_it_would_choose(folder: Path) -> None:
    """A model that knows the true rates by kind of customer chooses the best for each."""
    kinds = tuple(f"k{kind}" for kind in range(KINDS))
    logits = np.log(RATES / (1 - RATES))
    artefact = LogisticArtefact(
        features=(Feature("kind", "customer.kind", Category(kinds), by=("id",)),),
        intercept=0.0,
        coefficients=(0.0,) * KINDS,
        id={name: Term(0.0, tuple(logits[:, i].tolist())) for i, name in enumerate(NAMES)},
    )
    registry = Registry(folder)
    digest = registry.publish("propensity", "logistic", msgspec.json.encode(artefact))
    registry.promote("propensity", digest)
    asked = ("model:propensity", f"model:propensity@{digest}")
    page = folder / "page.html"
    words = [word for name in asked for word in ("--policy", name)]
    found = reported(folder, *words, "--html", str(page))
    assert f"{asked[1][:43]}…" in page.read_text()  # a whole digest leaves a drawing no room
    for name in asked:
        estimate = found[name]["estimates"]["doubly robust"]
        assert estimate["low"] - 0.01 <= RATES.max(axis=1).mean() <= estimate["high"] + 0.01
        assert found[name]["gains"]["logged"]["low"] > 0


ZONES = ("01", "02")
SHOP = """
schema: {attributes: {zone: {type: string, enum: ["01", "02"], default: "02"}}, purposes: [m]}
groups: {drinks: {kind: offer, purpose: m}}
actions:
  - {id: wine, group: drinks, treatments: [{id: t, placement: p, content: {}}]}
  - {id: "007", kind: offer, purpose: m, treatments: [{id: t, placement: p, content: {}}]}
placements: [{id: p, channel: web, fallback: {}}]
"""


def of_zones(folder: Path) -> None:
    """A log of words that look like numbers, some of them missing, and a champion that knows that
    drinks are for the first zone and all else for the second, as everybody was told to want."""
    rows = 2000
    chance = np.random.default_rng(3)
    zone, offer = chance.choice(ZONES, rows), chance.choice(["wine", "007"], rows)
    wanted = (zone == "01") == (offer == "wine")
    told = np.where((zone == "02") & (chance.random(rows) < 0.3), "", zone)
    frame = {"zone": told, "offer": offer, "chance": 0.5, "clicked": wanted.astype(int)}
    pd.DataFrame(frame).to_csv(folder / "zones.csv", index=False)
    (folder / "mapping.yaml").write_text(MAPPING.partition("context")[0] + "customer: [zone]\n")
    (folder / "shop").mkdir()
    (folder / "shop" / "shop.yaml").write_text(SHOP)
    artefact = LogisticArtefact(
        features=(Feature("zone", "customer.zone", Category(ZONES), by=("group",)),),
        intercept=0.0,
        coefficients=(0.0, 0.0),
        group={"drinks": Term(0.0, (1.0, -1.0))},
    )
    registry = Registry(folder)
    digest = registry.publish("propensity", "logistic", msgspec.json.encode(artefact))
    registry.promote("propensity", digest)


def test_a_model_is_told_of_a_log_what_the_catalogue_says_it_would_be_told(folder: Path) -> None:
    of_zones(folder)
    asked = ("--policy", "model:propensity", "--catalogue", str(folder / "shop"))
    found = reported(folder, *asked, log="zones.csv")
    assert found["model:propensity"]["estimates"]["snips"]["value"] == 1.0
    assert set(found) == {"model:propensity", "constant:007", "constant:wine"}


def test_a_model_of_words_is_not_valued_on_the_numbers_they_look_like(folder: Path) -> None:
    of_zones(folder)
    done = run(folder, "--policy", "model:propensity", log="zones.csv")
    assert done.exit_code == 1
    assert "was taught words in customer.zone, and the file has numbers there" in done.output
    assert "--catalogue DIR" in done.output
    assert run(folder, "--policy", "constant:007", log="zones.csv").exit_code == 0


def test_where_a_mapping_says_what_answers_are_worth_a_file_is_told_in_both(folder: Path) -> None:
    mapping = folder / "mapping.yaml"
    plain = reported(folder, "--policy", "constant:wine")
    mapping.write_text(MAPPING.replace("wine: {", "wine: {value: 3, "))
    file = folder / "report.json"
    done = run(folder, "--policy", "constant:wine", "--json", str(file))
    assert done.exit_code == 0, done.output
    found = json.loads(file.read_bytes())
    assert (found["unit"], found["beside"]["unit"]) == ("worth", "rewards")
    (in_worth,), (in_rewards,) = found["policies"], found["beside"]["policies"]
    assert in_rewards == plain["constant:wine"]
    for by in ("ips", "snips"):
        thrice = 3 * in_rewards["estimates"][by]["value"]
        assert in_worth["estimates"][by]["value"] == pytest.approx(thrice)
    assert in_worth["betting"]["high"] == pytest.approx(3 * in_rewards["betting"]["high"], rel=0.01)


def test_a_policy_the_log_is_silent_on_is_refused_with_status_3(folder: Path) -> None:
    page = folder / "page.html"
    done = run(folder, "--policy", "column:rare", "--html", str(page))
    assert done.exit_code == 3
    said = "column:rare    refused: the log's 4,000 rows are worth only"
    assert said in done.output
    assert "Refused: the log&#39;s 4,000 rows" in page.read_text()


def test_what_was_logged_of_a_handful_of_customers_is_told_without_an_interval(
    folder: Path,
) -> None:
    frame = pd.read_parquet(folder / "log.parquet")
    (folder / "mapping.yaml").write_text(f"{MAPPING}subject: household\n")
    page, report = folder / "page.html", folder / "report.json"
    words = ["--policy", "uniform", "--html", str(page), "--json", str(report)]
    said = {}
    for households in (29, 40):
        frame.assign(household=frame.index % households).to_parquet(folder / "few.parquet")
        said[households] = run(folder, *words, log="few.parquet").output
        seen = json.loads(report.read_bytes())["logged"]
        assert ("low" in seen) == (households == 40)
        assert seen["value"] == pytest.approx(frame["clicked"].mean())
        assert ragged(page.read_text()) == []
        assert ("without an interval" in page.read_text()) == (households == 29)
    assert "without an interval: the rows come to only 29.0 customers; at least 30" in said[29]
    assert "without an interval" not in said[40]


def test_a_row_that_stands_in_a_file_twice_counts_twice_unless_a_column_says_whose_it_is(
    folder: Path,
) -> None:
    frame = pd.read_parquet(folder / "log.parquet").reset_index(names="household")
    pd.concat([frame, frame]).to_parquet(folder / "twice.parquet")
    alone = run(folder, "--policy", "uniform", log="twice.parquet").output
    assert alone.startswith("8,000 decisions of 8,000 customers\n")
    (folder / "mapping.yaml").write_text(f"{MAPPING}subject: household\n")
    told = run(folder, "--policy", "uniform", log="twice.parquet").output
    assert told.startswith("8,000 decisions of 4,000 customers\n")


def test_a_column_that_is_what_was_logged_is_said_to_be_and_is_not_off_by_chance(
    folder: Path,
) -> None:
    page = folder / "page.html"
    done = run(folder, "--policy", "column:chance", "--html", str(page))
    found = reported(folder, "--policy", "column:chance")["column:chance"]["estimates"]
    assert found["snips"]["value"] == found["ips"]["value"]
    for said in (done.output, page.read_text()):
        assert "his is what was logged" in said
        assert "how far it is" not in said


def test_a_report_that_could_not_be_written_is_said_before_the_work(folder: Path) -> None:
    done = run(folder, "--policy", "uniform", "--json", str(folder / "none" / "report.json"))
    assert done.exit_code == 2
    assert "there is no directory" in done.output
    assert "decisions of" not in done.output


def test_a_log_without_rows_is_said_to_have_none(folder: Path) -> None:
    (folder / "empty.csv").write_text("offer,clicked,chance,kind\n")
    done = run(folder, "--policy", "uniform", log="empty.csv")
    assert (done.exit_code, "the log has no rows" in done.output) == (1, True)


def test_names_in_letters_that_our_font_lacks_are_left_to_the_readers() -> None:
    bars = [Bar("logged", Interval(0.2, 0.1, 0.3), False), Bar("新聞", None, True)]
    drawn = picture(bars, "worth")
    assert ">新聞</text>" in drawn
    assert "<text" not in picture(bars[:1], "worth")


def test_the_page_stands_alone_with_its_picture_and_escapes_names(folder: Path) -> None:
    frame = pd.read_parquet(folder / "log.parquet")
    frame["offer"] = frame["offer"].replace("wine", "<b>$5 & $6</b>")
    frame.to_parquet(folder / "odd.parquet")
    (folder / "mapping.yaml").write_text(MAPPING.partition("actions:")[0])
    page = folder / "page.html"
    done = run(folder, "--policy", "uniform", "--html", str(page), log="odd.parquet")
    assert done.exit_code == 0, done.output
    text = page.read_text()
    assert ragged(text) == []
    assert "<b>" not in text
    assert "&lt;b&gt;$5 &amp; $6&lt;/b&gt;" in text
    drawing = text[text.index("<svg") : text.index("</svg>") + 6]
    assert ElementTree.fromstring(drawing).tag.endswith("svg")  # noqa: S314 - our own page
    assert "src=" not in text
    again = folder / "again.html"
    run(folder, "--policy", "uniform", "--html", str(again), log="odd.parquet")
    assert again.read_text() == text


@pytest.mark.parametrize(
    ("change", "policy", "words"),
    [
        (("offer\n", "ofer\n"), "uniform", "no column 'ofer'; did you mean 'offer'"),
        (("reward", "rewrd"), "uniform", "mapping"),
        (("clicked", "offer"), "uniform", "column 'offer' must hold numbers"),
        (("chance", "number"), "uniform", "above 0 and at most 1"),
        (("context", "reward_range: [1, 0]\ncontext"), "uniform", "1.0 is not below 0.0"),
        (("", ""), "constant:wien", "no action 'wien'; did you mean 'wine'"),
        (("", ""), "greedy", "say constant:ACTION, uniform, column:NAME or model:NAME"),
        (("", ""), "column:number", "a probability is from 0 to 1"),
        (("", ""), "model:nothing", "nothing"),
        (("[kind]", "[kind, clicked]"), "uniform", "'clicked' is the reward, which nobody knows"),
        (("context", "slot: number\ncontext"), "uniform", "decision and slot belong together"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(
    folder: Path, change: tuple[str, str], policy: str, words: str
) -> None:
    (folder / "mapping.yaml").write_text(MAPPING.replace(*change) if change[0] else MAPPING)
    done = run(folder, "--policy", policy)
    assert done.exit_code == 1
    assert words in done.output
    assert "Traceback" not in done.output
