"""A version is let in over HTTP by the gate's recorded word, once, and by nothing else."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from engine.cli import main
from engine.models.beta import BetaArtefact
from engine.models.features import Feature, Number
from engine.models.logistic import LogisticArtefact
from engine.models.verdict import FRESH, Judgement
from engine.registry import Door, Registry
from engine.store import Store
from tests.http.conftest import PUBLISHABLE, Client, Reply
from tests.http.house import MOST, served

NAME = "propensity"
PROMOTE = f"/v1/models/{NAME}/promote"
NOW = time.time_ns() // 1_000_000


class Models(NamedTuple):
    """A server's models, and the gate beside it."""

    client: Client
    registry: Registry
    data: Path
    store: str

    def publish(self, rate: float) -> str:
        return self.registry.publish(NAME, "beta", msgspec.json.encode(BetaArtefact(rate)))

    def judge(self, version: str, *words: str) -> Result:
        """As somebody does who has the training extra; there is no traffic to judge by."""
        house = ["--data", self.data, "--redis", self.store, "--catalogue", self.client.catalogue]
        asked = ["promote", NAME, version, "--judge-only", "--acknowledge", "no-evidence"]
        return CliRunner().invoke(main, [*asked, *map(str, house), *words])

    def judged(self, rate: float, *words: str) -> str:
        """A version that passes."""
        version = self.publish(rate)
        done = self.judge(version, *words)
        assert done.exit_code == 0, done.output
        return version

    def promote(self, version: str, **more: Any) -> Reply:
        return self.client.call("POST", PROMOTE, {"version": version, **more})

    def refused(self, version: str, **more: Any) -> list[str]:
        """Why not, each reason's first word; and nothing has changed."""
        before = self.registry.table(NAME)
        reply = self.promote(version, **more)
        problem = reply.json()
        assert (reply.status, problem["code"]) == (409, "not-let-in")
        assert {one["pointer"] for one in problem["errors"]} == {"/version"}
        assert self.registry.table(NAME) == before
        return [one["detail"].partition(":")[0] for one in problem["errors"]]

    def amend(self, version: str, **changed: Any) -> None:
        """The verdict that it passed, as if it had been given about something else."""
        path = self.data / "models" / NAME / "verdicts" / f"{version[7:]}-champion"
        word = replace(msgspec.json.decode(path.read_bytes()[64:], type=Judgement), **changed)
        Door(self.registry).record(word)


@pytest.fixture
def models(client: Client, store: Store, server_url: str, tmp_path: Path) -> Models:
    data = tmp_path / "data"
    return Models(client, Registry(data, store), data, server_url)


def test_a_version_that_the_gate_let_through_serves_and_the_verdict_is_told(models: Models) -> None:
    version = models.judged(0.3)
    assert models.registry.table(NAME).champion is None
    reply = models.promote(version)
    assert reply.status == 200, reply.body
    verdict, (model,) = reply.json()["verdict"], reply.json()["models"]
    assert model["aliases"] == {"champion": version}
    assert (verdict["alias"], verdict["against"]) == ("champion", "champion untrained")
    assert [one["reason"] for one in verdict["acknowledged"]] == ["no-evidence"]
    assert verdict["figures"]["scoring time over a plain logistic model's"] < 20
    models.client.application.served.look()
    assert models.client.decide().json()["versions"]["models"] == {NAME: version}


def test_the_same_promotion_again_changes_nothing(models: Models) -> None:
    version = models.judged(0.3)
    first, again = models.promote(version).json(), models.promote(version).json()
    assert again == {**first, "verdict": None}
    assert models.registry.table(NAME).previous == ("none",)


def test_a_version_that_was_never_judged_is_refused(models: Models) -> None:
    assert models.refused(models.publish(0.3)) == ["unjudged"]


def test_what_the_gate_refused_is_refused_with_every_reason_it_had(models: Models) -> None:
    strange = tuple(Feature(name, f"customer.{name}", Number()) for name in ("spend", "age"))
    artefact = msgspec.json.encode(LogisticArtefact(strange, 0.0, (0.1, 0.1)))
    version = models.registry.publish(NAME, "logistic", artefact)
    assert models.judge(version).exit_code == 3
    assert models.refused(version) == ["unknown-attribute", "unknown-attribute"]


def test_a_verdict_lets_in_once_so_that_a_late_request_does_not_overrule_a_rollback(
    models: Models,
) -> None:
    version = models.judged(0.3)
    assert models.promote(version).status == 200
    assert models.client.call("POST", f"/v1/models/{NAME}/rollback").status == 200
    assert models.refused(version) == ["unjudged"]


def test_a_verdict_whose_file_outlived_the_promotion_lets_nothing_in_again(models: Models) -> None:
    """As when whoever promoted died before it was gone."""
    version = models.judged(0.3)
    path = models.data / "models" / NAME / "verdicts" / f"{version[7:]}-champion"
    kept = path.read_bytes()
    assert models.promote(version).status == 200
    assert models.client.call("POST", f"/v1/models/{NAME}/rollback").status == 200
    path.write_bytes(kept)
    assert models.refused(version) == ["unjudged"]
    assert models.judge(version).exit_code == 0
    assert models.promote(version).status == 200


def test_a_rollback_s_goal_is_told_beforehand(models: Models) -> None:
    version = models.judged(0.3)
    (before,) = models.client.call("GET", "/v1/models").json()["models"]
    (promoted,) = models.promote(version).json()["models"]
    assert (before["rollback_to"], promoted["rollback_to"]) == (None, "untrained")
    (back,) = models.client.call("POST", f"/v1/models/{NAME}/rollback").json()["models"]
    assert (back["rollback_to"], back["aliases"]) == (None, {})
    again = models.client.call("POST", f"/v1/models/{NAME}/rollback")
    assert (again.status, again.json()["detail"]) == (
        404,
        "there is no earlier champion to go back to",
    )


def test_the_champion_is_not_let_in_as_its_own_challenger(models: Models) -> None:
    version = models.judged(0.3)
    assert models.promote(version).status == 200
    assert models.refused(version, alias="challenger") == ["decides-already"]


def test_a_verdict_is_of_its_own_alias_model_and_version(models: Models) -> None:
    version, other = models.judged(0.3, "--alias", "shadow"), models.publish(0.4)
    assert models.refused(version) == ["unjudged"]
    verdicts = models.data / "models" / NAME / "verdicts"
    for copy in (f"{version[7:]}-champion", f"{other[7:]}-shadow"):
        shutil.copy(verdicts / f"{version[7:]}-shadow", verdicts / copy)
    assert models.refused(version) == models.refused(other, alias="shadow") == ["unjudged"]
    assert models.promote(version, alias="shadow").status == 200
    assert models.registry.table(NAME).shadow == version


def test_a_verdict_that_somebody_wrote_without_the_key_lets_nothing_in(models: Models) -> None:
    version = models.judged(0.3)
    path = models.data / "models" / NAME / "verdicts" / f"{version[7:]}-champion"
    path.write_bytes(path.read_bytes().replace(b"champion untrained", b"champion whatever!"))
    assert models.refused(version) == ["unjudged"]
    path.write_bytes(b"")
    assert models.refused(version) == ["unjudged"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"champion": "learned"}, "judged beside champion learned, and now that is none"),
        ({"catalogue": "sha256:of-then"}, "judged under catalogue sha256:of-then"),
        ({"at": NOW - FRESH - 60_000}, "over a day ago"),
        ({"at": NOW + 2 * FRESH}, "over a day ago"),
    ],
)
def test_a_verdict_on_what_no_longer_is_lets_nothing_in(
    models: Models, changed: dict[str, Any], said: str
) -> None:
    version = models.judged(0.3)
    models.amend(version, **changed)
    assert models.refused(version) == ["stale"]
    assert said in models.promote(version).json()["detail"]


def test_gates_that_judge_the_same_version_at_once_leave_one_whole_verdict(models: Models) -> None:
    version = models.judged(0.3)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda turn: models.amend(version, at=NOW + turn), range(40)))
    assert models.promote(version).status == 200


def test_of_two_promotions_at_once_one_is_stale(models: Models) -> None:
    for turn in range(5):
        versions = [models.judged(0.1 + 0.01 * turn + 0.001 * one) for one in range(2)]
        with ThreadPoolExecutor(2) as pool:
            statuses = sorted(reply.status for reply in pool.map(models.promote, versions))
        assert statuses == [200, 409]


def test_a_challenger_is_let_in_with_its_share_and_no_other_has_one(models: Models) -> None:
    version = models.judged(0.3, "--alias", "challenger")
    assert models.promote(version, share=0.2).status == 422
    over = models.promote(version, alias="challenger", share=2).json()
    assert over["detail"] == "/share: must be above 0 and at most 1"
    assert models.promote(version, alias="challenger", share=0.2).status == 200
    assert models.registry.table(NAME).share == 0.2


def test_the_learner_is_let_in_for_good_and_not_as_it_is(models: Models) -> None:
    first, second = models.publish(0.3), models.publish(0.4)
    models.registry.promote(NAME, first, "learned")
    assert models.judge("learned").exit_code == 0
    assert models.refused(first) == ["unjudged"]
    assert models.promote("learned").status == 200
    models.registry.promote(NAME, second, "learned")
    assert models.registry.resolve(NAME) == second


def test_a_damaged_version_is_not_let_in_however_it_was_judged(models: Models) -> None:
    version = models.judged(0.3)
    (models.data / "models" / NAME / version[7:] / "artefact").write_bytes(b"{}")
    assert models.refused(version) == ["unfit"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/models/nothing/promote", '{"version": "VERSION"}', 404),
        ("/v1/models/..%2F..%2Fdata/promote", '{"version": "VERSION"}', 404),
        (PROMOTE, '{"version": "sha256:' + "0" * 64 + '"}', 404),
        (PROMOTE, '{"version": "learned"}', 404),
        (PROMOTE, '{"version": "champion"}', 422),
        (PROMOTE, '{"version": "VERSION\\n"}', 422),
        (PROMOTE, '{"version": "VERSION", "alias": "learned"}', 422),
        (PROMOTE, '{"version": "VERSION", "acknowledge": ["unproven"]}', 422),
        (PROMOTE, "{}", 422),
        (PROMOTE, "[", 400),
    ],
)
def test_what_there_is_none_of_is_not_promoted(
    models: Models, path: str, body: str, status: int
) -> None:
    sent = body.replace("VERSION", models.judged(0.3)).encode()
    assert models.client.call("POST", path, sent).status == status
    assert models.registry.table(NAME).champion is None


@pytest.mark.parametrize(("key", "status"), [("", 401), (f"Bearer {PUBLISHABLE}", 403)])
def test_only_the_secret_key_promotes(models: Models, key: str, status: int) -> None:
    body = {"version": models.judged(0.3)}
    reply = models.client.call("POST", PROMOTE, body, {"Authorization": key})
    assert reply.status == status
    assert models.registry.table(NAME).champion is None


def test_all_workers_serve_what_is_promoted_within_seconds_and_decisions_still_replay(
    tmp_path: Path,
) -> None:
    with served(tmp_path) as house:
        change = {"attributes": {"plan": "basic"}, "consent": {"marketing": "granted"}}
        house.call("/v1/customers/c-1", change, "PATCH")
        before = house.decide("c-1")["decision_id"]
        new = Registry(house.data).publish(NAME, "beta", msgspec.json.encode(BetaArtefact(0.9)))
        words = ["--judge-only", "--acknowledge", "no-evidence", "--catalogue", house.catalogue]
        asked = ["promote", NAME, new, "--data", house.data, *words]
        done = CliRunner().invoke(main, list(map(str, asked)))
        assert done.exit_code == 0, done.output
        assert house.decide("c-1")["versions"]["models"] == {NAME: "untrained"}

        since = time.monotonic()
        told = house.call(PROMOTE, {"version": new}, "POST")
        assert told["models"][0]["aliases"]["champion"] == new
        assert house.until_all_serve(new) - since < MOST
        for decision in (before, house.decide("c-1")["decision_id"]):
            assert house.call(f"/v1/decisions/{decision}/replay", method="POST")["identical"]
