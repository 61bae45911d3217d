"""What the pages on promotion and evaluation say runs as it stands, and leaves no reason out."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.models.routing import ALIASES
from engine.models.verdict import MAY_BE_ACKNOWLEDGED, REASONS
from engine.registry import Registry
from engine.store import Store
from tests.training.houses import World, for_each_plan, write_catalogue
from tests.training.promotion.commands.house import House, lived

DOCS = Path(__file__).parents[3] / "docs"
PROMOTION = (DOCS / "promotion.md").read_text()
EVALUATION = (DOCS / "evaluation.md").read_text()


def commands(page: str) -> str:
    """The first lines for a shell on a page."""
    (block, *_) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    return str(block)


@pytest.fixture
def house(store: Store, server_url: str, tmp_path: Path, weeks_later: None) -> House:
    catalogue = write_catalogue(tmp_path / "shop")
    write_catalogue(tmp_path / "shop-next", actions=for_each_plan())
    world, data = World(store, catalogue), tmp_path / "data"
    return House(data, catalogue, server_url, world, Registry(data, store))


def test_the_commands_of_both_pages_run(
    house: House, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lived(house, store, 900)
    monkeypatch.chdir(tmp_path)
    new = house.publish()
    environment = {
        "TELLER_CATALOGUE": str(house.catalogue),
        "TELLER_DATA": str(house.data),
        "TELLER_REDIS_URL": house.url,
    }
    said = ""
    for line in (commands(EVALUATION) + commands(PROMOTION)).replace("$NEW", new).splitlines():
        _, *words = shlex.split(line, comments=True)
        done = CliRunner().invoke(main, words, env=environment)
        assert done.exit_code == 0, f"{line}: {done.output}"
        said += done.output
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    assert said.count("passes, judged against") == 3
    assert f"challenger {new} on 10% of customers" in said
    assert said.endswith("propensity: no model: every propensity is the prior's\n")
    assert house.registry.aliases("propensity") == {}


def test_every_reason_and_every_alias_is_on_the_page() -> None:
    assert all(f"| `{reason}` |" in PROMOTION for reason in REASONS)
    assert all(f"| `{alias}` |" in PROMOTION for alias in ALIASES)
    assert all(f"`{reason}`" in PROMOTION.split("settle;")[0] for reason in MAY_BE_ACKNOWLEDGED)


def test_every_command_for_models_is_on_the_page() -> None:
    assert all(f"teller {name}" in PROMOTION for name in ("promote", "rollback", "adopt", "models"))
