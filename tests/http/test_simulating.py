"""A simulation that drives a real server over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.http.conftest import SECRET, Client
from training.simulation.asked import SERVED, SMALL, Asked
from training.simulation.experiment import Plan
from training.simulation.inprocess import write
from training.simulation.small import small_world

PEOPLE = 20


@pytest.fixture
def catalogue_directory(tmp_path: Path) -> Path:
    directory = tmp_path / "catalogue"
    write(small_world(PEOPLE, 1).files, directory)
    return directory


def test_an_engine_over_http_plays_between_chance_and_the_oracle(client: Client) -> None:
    asked = Asked(SMALL, PEOPLE, Plan(100, 10, 300), (), (1,), 1, Path("unused"))
    found = asked.served("http://{}:{}".format(*client.address), SECRET)
    assert [one.name for one in found.policies] == [SERVED, "random", "oracle"]
    served = found.of(SERVED)
    assert served.regret
    assert served.regret.mean > 0.0
    assert 0.0 < served.answered.mean < found.of("oracle").answered.mean
    assert b"sim1-s-0" in client.call("GET", "/v1/customers/sim1-s-0").body


def test_people_of_another_run_have_used_up_nothing(client: Client) -> None:
    for seed in (1, 2):
        asked = Asked(SMALL, PEOPLE, Plan(60, 10, 300), (), (seed,), 1, Path("unused"))
        found = asked.served("http://{}:{}".format(*client.address), SECRET)
        assert found.of(SERVED).fallback.mean == 0.0
