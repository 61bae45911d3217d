"""What can happen is written down, and what is written down can be typed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest

from engine.cli import main
from engine.domain import Code
from engine.plan import Why

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])


@pytest.mark.parametrize("code", [*get_args(Code), *get_args(Why)])
def test_every_reason_code_is_documented(code: str) -> None:
    assert f"`{code}`" in (DOCS / "reasons.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_on_a_page_is_one_and_takes_its_options(page: Path) -> None:
    for words in typed(page.read_text()):
        command: click.Command = main
        said = iter(words)
        while isinstance(command, click.Group) and (name := next(said, None)):
            found = command.get_command(click.Context(command), name)
            assert found, f"teller {' '.join(words)}"
            command = found
        known = {name for one in command.params for name in one.opts} | {"--help"}
        assert {word for word in said if word.startswith("--")} <= known, words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_line_of_code_fits_a_page(page: Path) -> None:
    blocks = re.findall(
        r"^```(?:sh|text|yaml|python|json|js|cel)\n(.*?)^```", page.read_text(), re.S | re.M
    )
    assert [line for block in blocks for line in block.splitlines() if len(line) > 100] == []


def test_every_room_and_file_of_the_engine_has_its_floor() -> None:
    floors = (DOCS / "contributing.md").read_text()
    ours = sorted(one.stem for one in (ROOT / "engine").glob("[a-z]*") if one.suffix in ("", ".py"))
    assert [name for name in ours if not re.search(rf"\b{name}(\.py|/)", floors)] == []


def typed(page: str) -> Iterator[list[str]]:
    """The words behind `teller`, in blocks of code and within sentences."""
    whole = page.replace("\\\n", " ")
    lines = re.findall(r"^(?:\w+\$ +)?teller (?!=)([^\n]*)", whole, re.M)
    for line in [*lines, *re.findall(r"`teller ([^`]*)`", whole)]:
        yield shlex.split(line, comments=True)
