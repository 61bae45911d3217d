"""`teller promote`, `rollback` and `adopt`, on a house's own traffic and on a file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from engine.archive.opening import Keeping
from engine.cli import main
from engine.errors import ModelRefused, NotFound
from engine.facts import disclosed
from engine.models.features import Category, Feature
from engine.models.kinds import parse_model
from engine.models.online.learner import Learner
from engine.models.verdict import Refusal
from engine.registry import Registry
from engine.store import Store
from tests.archive.builders import keep_all
from tests.training.houses import (
    NAMES,
    PLANS,
    RATES,
    World,
    explored,
    knowing,
    write_catalogue,
)
from training.offpolicy.assess import Choices
from training.offpolicy.candidates import Candidate, Candidates
from training.offpolicy.house import assess_traffic
from training.offpolicy.traffic import read_traffic
from training.promotion.gate import earnings

DAY = 86_400_000
BEST = dict(zip(PLANS, ("a", "b"), strict=True))
FILE = """
action: offer
reward: accepted
selection_probability: chance
customer: [plan]
subject: household
at: day
"""


class House(NamedTuple):
    """A house that has decided for a while without a model, and its registry."""

    data: Path
    catalogue: Path
    url: str
    world: World
    registry: Registry

    def run(self, command: str, *words: str) -> Result:
        house = ["--data", str(self.data), "--redis", self.url]
        return CliRunner().invoke(main, [command, *house, *words])

    def promote(self, *words: str) -> Result:
        return self.run("promote", "--catalogue", str(self.catalogue), "propensity", *words)

    def publish(self, turned: float = 1.0, **metadata: object) -> str:
        artefact = knowing(turned)
        return self.registry.publish("propensity", "logistic", artefact, metadata)


@pytest.fixture
def house(store: Store, server_url: str, tmp_path: Path, weeks_later: None) -> House:
    catalogue = write_catalogue(tmp_path / "catalogue")
    world, data = World(store, catalogue), tmp_path / "data"
    return House(data, catalogue, server_url, world, Registry(data, store))


def lived(house: House, store: Store, decisions: int) -> None:
    """So many decisions, in the logs and in the archive, whose customers go by the same digests in
    every run: by their order intervals are drawn."""
    house.world.live_through(decisions)
    known = disclosed(house.world.catalogue)
    keep_all(Keeping(store.log, house.data, "", lambda: known, bytes(32)))


def test_a_model_that_knows_the_customers_is_promoted_on_own_traffic_and_rolled_back(
    house: House, store: Store
) -> None:
    lived(house, store, 900)
    good, verdict = house.publish(), house.data / "verdict.json"
    done = house.promote(good, "--json", str(verdict))
    assert done.exit_code == 0, done.output
    assert house.registry.resolve("propensity") == good
    assert f"propensity {good} passes, judged against champion untrained" in done.output
    found = json.loads(verdict.read_text())
    assert (
        found["figures"]["value of a decision"] > found["figures"]["value of a decision, champion"]
    )
    back = house.run("rollback")
    assert back.output == (
        "there was no champion before that one\n"
        "propensity: no model: every propensity is the prior's\n"
    )
    assert "champion" not in house.registry.aliases("propensity")
    assert house.run("rollback").exit_code == 1


def test_a_bad_model_is_refused_with_status_3_and_nothing_changes(
    house: House, store: Store
) -> None:
    lived(house, store, 900)
    bad = house.publish(-1.0)
    done = house.promote(bad)
    assert done.exit_code == 3
    for reason in ("inverted", "worse", "earns-less"):
        assert f"  {reason}: " in done.output
    assert house.registry.aliases("propensity") == {}
    assert house.promote(bad, "--acknowledge", "inverted").exit_code == 1


def test_a_challenger_is_judged_as_a_champion_is_and_gets_its_share(
    house: House, store: Store
) -> None:
    lived(house, store, 900)
    good = house.publish()
    done = house.promote(good, "--alias", "challenger", "--share", "0.2")
    assert done.exit_code == 0, done.output
    assert f"challenger {good} on 20% of customers" in done.output
    assert house.registry.table("propensity").routing().share == 0.2
    ended = house.run("rollback", "--alias", "challenger")
    assert "challenger" not in ended.output
    assert house.promote(house.publish(-1.0), "--alias", "shadow").exit_code == 0


def test_what_a_model_has_learnt_from_is_no_evidence_for_it(house: House, store: Store) -> None:
    lived(house, store, 600)
    seen = house.publish(at=house.world.now + 1)
    done = house.promote(seen)
    assert done.exit_code == 3
    assert "  no-evidence: nothing recent to judge it by: 0 offers" in done.output


def test_what_the_champion_has_learnt_from_is_no_evidence_for_it(
    house: House, store: Store
) -> None:
    lived(house, store, 600)
    house.registry.promote("propensity", house.publish(at=house.world.now + 1))
    done = house.promote(house.publish(at=house.world.now - 1_000 * DAY))
    assert done.exit_code == 3
    assert "  no-evidence: nothing recent to judge it by: 0 offers" in done.output


def test_a_house_without_traffic_promotes_what_somebody_answers_for(house: House) -> None:
    good = house.publish()
    done = house.promote(good)
    assert done.exit_code == 3
    assert "no-evidence" in done.output
    assert house.promote(good, "--acknowledge", "no-evidence").exit_code == 0
    assert house.registry.resolve("propensity") == good


def test_the_learner_s_latest_may_be_promoted_for_good(house: House) -> None:
    first = house.publish()
    house.registry.promote("propensity", first, "learned")
    done = house.promote("learned", "--acknowledge", "no-evidence")
    assert done.exit_code == 0, done.output
    second = house.publish(number=2)
    house.registry.promote("propensity", second, "learned")
    assert house.registry.resolve("propensity") == second


@pytest.mark.parametrize("alias", ["challenger", "shadow"])
def test_the_learner_is_no_challenger_of_itself_and_that_is_said_before_anything_is_judged(
    house: House, alias: str
) -> None:
    first = house.publish()
    house.registry.promote("propensity", first, "learned")
    done = house.promote("learned", "--alias", alias, "--acknowledge", "no-evidence")
    assert (done.exit_code, done.output) == (
        1,
        f"Error: the learner decides for everybody already: as {alias} it would be held against "
        "itself; promote another version\n",
    )
    assert house.registry.table("propensity").versions() == {"learned": first}


def test_a_rollback_to_the_learner_says_that_it_is_the_learner(house: House) -> None:
    first = house.publish()
    house.registry.promote("propensity", first, "learned")
    house.registry.promote("propensity", house.publish(number=2))
    assert house.run("rollback").output == (
        f"there was no champion before that one\npropensity: the learner, whose latest is {first}\n"
    )


def test_a_learner_is_promoted_by_the_decisions_that_its_snapshots_had_not_heard_of(
    house: House, store: Store
) -> None:
    learner, rng = Learner((Feature("plan", "customer.plan", Category(PLANS)),)), Random(5)
    learner.know(house.world.catalogue.actions)
    for _ in range(3):
        for _ in range(3_000):
            plan, name = rng.choice(PLANS), rng.choice(NAMES)
            columns = np.array([float(plan == one) for one in PLANS])
            learner.expand.see(columns)
            learner.learn(columns, name, float(rng.random() < RATES[plan][name]))
        artefact = msgspec.json.encode(learner.snapshot())
        said = {"at": house.world.now, "answers": 9_000}
        snapshot = house.registry.publish("propensity", "online", artefact, said)
        lived(house, store, 300)
    house.registry.promote("propensity", house.publish(0.5))
    house.registry.promote("propensity", snapshot, "learned")
    done = house.promote("learned")
    assert done.exit_code == 0, done.output
    assert "propensity learned passes" in done.output
    assert "  snapshots: 3\n" in done.output
    assert "  offers: 900\n" in done.output
    assert house.registry.table("propensity").champion == "learned"


def test_a_model_may_be_judged_on_a_file(house: House, tmp_path: Path) -> None:
    rows = [
        {"offer": one, "plan": plan, "chance": 1 / 3, "household": f"{plan}{number}"}
        | {"accepted": int(number < 400 * RATES[plan][one]), "day": f"2026-01-{number % 2 + 1:02}"}
        for plan in PLANS
        for one in RATES[plan]
        for number in range(400)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "past.csv", index=False)
    (tmp_path / "mapping.yaml").write_text(FILE)
    words = ["--judge", str(tmp_path / "past.csv"), "--mapping", str(tmp_path / "mapping.yaml")]
    done = house.promote(house.publish(), *words)
    assert done.exit_code == 0, done.output
    assert "offers: 2,400" in done.output
    values = dict(zip(NAMES, (3.0, 2.9, 2.8), strict=True))
    best = {plan: explored(BEST[plan]) for plan in PLANS}
    truth = np.mean([sum(best[p][a] * RATES[p][a] * values[a] for a in NAMES) for p in PLANS])
    assert f"value of a decision: {truth:.4f}" in done.output
    worse = house.promote(house.publish(-1.0), *words)
    assert worse.exit_code == 3
    assert "  earns-less: " in worse.output
    assert "give both" in house.promote(house.publish(), *words[:2]).output


def test_a_version_is_judged_on_those_rows_of_a_file_that_came_after_what_it_learnt_from(
    house: House, tmp_path: Path
) -> None:
    rows = [
        {"offer": "a", "plan": plan, "chance": 1.0, "household": number, "accepted": number % 2}
        | {"day": f"2026-01-{number % 20 + 1:02}"}
        for number, plan in enumerate(PLANS * 600)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "past.csv", index=False)
    (tmp_path / "mapping.yaml").write_text(FILE)
    words = ["--judge", str(tmp_path / "past.csv"), "--mapping", str(tmp_path / "mapping.yaml")]
    first = int(datetime(2026, 1, 11, tzinfo=UTC).timestamp() * 1000)
    half = house.promote(house.publish(report={"cut": first}), *words)
    assert "  offers: 600\n" in half.output
    none = house.promote(house.publish(report={"cut": 3 * first}), *words)
    since = f"{datetime.fromtimestamp(3 * first / 1000, UTC):%Y-%m-%dT%H:%MZ}"
    assert f"past.csv came after {since}, up to when it or the champion had learnt" in none.output


@pytest.mark.parametrize("days", ["at: day\n", ""])
def test_a_file_says_nothing_of_the_learner_nor_against_it(
    house: House, tmp_path: Path, days: str
) -> None:
    learner = Learner((Feature("plan", "customer.plan", Category(PLANS)),))
    learner.know(house.world.catalogue.actions)
    snapshot = msgspec.json.encode(learner.snapshot())
    said = {"at": house.world.now, "answers": 9_000}
    learned = house.registry.publish("propensity", "online", snapshot, said)
    house.registry.promote("propensity", learned, "learned")
    rows = [
        {"offer": one, "plan": plan, "chance": 1 / 3, "household": f"{plan}{number}"}
        | {"accepted": int(number < 400 * RATES[plan][one]), "day": "2026-01-01"}
        for plan in PLANS
        for one in RATES[plan]
        for number in range(400)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "past.csv", index=False)
    (tmp_path / "mapping.yaml").write_text(FILE.replace("at: day\n", days))
    words = ["--judge", str(tmp_path / "past.csv"), "--mapping", str(tmp_path / "mapping.yaml")]
    for version in (house.publish(), "learned"):
        done = house.promote(version, *words)
        assert done.exit_code == 3
        assert "  no-evidence: a file says nothing of the learner, nor against it" in done.output
        assert "auc" not in done.output


def test_where_nobody_knows_the_chances_what_it_would_earn_is_not_known_either(
    house: House, tmp_path: Path
) -> None:
    (tmp_path / "past.csv").write_text(
        "offer,plan,household,day,accepted\n"
        + "".join(f"a,{PLANS[n % 2]},{n},2026-01-01,{int(n % 6 < 2)}\n" for n in range(600))
    )
    (tmp_path / "mapping.yaml").write_text(FILE.replace("selection_probability: chance\n", ""))
    words = ["--judge", str(tmp_path / "past.csv"), "--mapping", str(tmp_path / "mapping.yaml")]
    said = house.promote(house.publish(), *words).output
    assert "  offers: 600\n" in said
    assert "  unproven: what it would earn is not known: there is no decision" in said


def test_a_policy_that_earns_less_is_told_from_one_nobody_can_tell(
    house: House, store: Store
) -> None:
    house.world.live_through(900)
    candidates = Candidates(house.catalogue, house.registry)
    knows, turned, none = (
        candidates.of_model(name, parse_model("logistic", artefact))
        for name, artefact in (("k", knowing()), ("t", knowing(-1.0)), ("n", knowing(0.0)))
    )
    traffic = read_traffic(store.log, now=house.world.now + 8 * DAY, window=7 * DAY, most=900)

    def found(ours: Candidate, theirs: Candidate, decisions: int = 900) -> list[Refusal]:
        some = traffic._replace(decisions=traffic.decisions[:decisions])
        return list(earnings(assess_traffic(some, [ours], [theirs], Choices(resamples=200)), {}))

    assert not found(knows, none)
    assert [one.reason for one in found(turned, knows)] == ["earns-less"]
    (unknown,) = found(turned, none, 110)
    assert unknown.reason == "unproven"
    (silent,) = found(knows, none, 60)
    assert silent.reason == "unproven"
    assert "what it would earn is not known" in silent.text
    assert "--alias challenger --share 0.05 --acknowledge unproven" in silent.text


def test_a_model_from_the_training_machine_is_adopted_by_its_digest(
    house: House, tmp_path: Path
) -> None:
    elsewhere = Registry(tmp_path / "training")
    digest = elsewhere.publish("propensity", "logistic", knowing(), {"auc": 0.7})
    with pytest.raises(NotFound):
        house.registry.load("propensity", digest)
    words = ["adopt", "propensity", digest, "--data", str(house.data)]
    done = CliRunner().invoke(main, [*words, "--from", str(tmp_path / "training")])
    assert done.exit_code == 0, done.output
    assert house.registry.load("propensity", digest).version == digest
    assert house.registry.manifest("propensity", digest).metadata == {"auc": 0.7}


def test_what_was_tampered_with_on_the_way_is_not_adopted(house: House, tmp_path: Path) -> None:
    elsewhere = Registry(tmp_path / "training")
    digest = elsewhere.publish("propensity", "logistic", knowing())
    artefact = tmp_path / "training/models/propensity" / digest[7:] / "artefact"
    artefact.write_bytes(artefact.read_bytes().replace(b"0.0", b"0.1", 1))
    with pytest.raises(ModelRefused, match="not what was published"):
        house.registry.adopt("propensity", digest, tmp_path / "training")
    assert house.registry.versions("propensity") == []


@pytest.mark.parametrize("command", ["rollback", "adopt propensity sha256:" + 64 * "0"])
def test_what_is_not_found_is_said_with_where_it_was_looked_for(
    command: str, tmp_path: Path, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a command is run elsewhere than the server was: there it leaves nothing behind."""
    monkeypatch.chdir(tmp_path)
    house, words = {"TELLER_REDIS_URL": server_url}, command.split()
    nowhere = CliRunner().invoke(main, words, env=house)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "teller-data").mkdir()
    missing = CliRunner().invoke(main, words, env=house)
    looked = f"looked in {tmp_path}/teller-data (--data or TELLER_DATA names another)\n"
    assert nowhere.output == f"Error: no models: there is no such directory; {looked}"
    assert missing.output.startswith(
        ("Error: no model 'propensity'; ", "Error: model 'propensity' ")
    )
    assert missing.output.endswith(f"; {looked}")
    assert (nowhere.exit_code, missing.exit_code) == (1, 1)


def test_a_copied_directory_is_refused_until_it_is_adopted(house: House, tmp_path: Path) -> None:
    elsewhere = Registry(tmp_path / "training")
    digest = elsewhere.publish("propensity", "logistic", knowing())
    (house.data / "models").mkdir(parents=True, exist_ok=True)
    (tmp_path / "training/models/propensity").rename(house.data / "models/propensity")
    with pytest.raises(ModelRefused, match="not signed by this house"):
        house.registry.load("propensity", digest)
    done = CliRunner().invoke(main, ["adopt", "propensity", digest, "--data", str(house.data)])
    assert done.exit_code == 0, done.output
    assert house.registry.load("propensity", digest).version == digest
