"""The examples of docs/conditions.md are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from engine.domain import Events, Facts
from engine.rules.custom import rules_of
from engine.rules.language import STRING, Attribute, Scope, check, parse_type

PAGE = (Path(__file__).parents[2] / "docs" / "conditions.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def attributes(declared: dict[str, dict[str, object]]) -> dict[str, Attribute]:
    return {
        name: Attribute(parse_type(each["type"]), each.get("enum"), each.get("default"))
        for name, each in declared.items()
    }


@pytest.fixture(scope="module")
def scope() -> Scope:
    page = yaml.safe_load(blocks("yaml")[0])
    return Scope(
        customer=attributes(page["schema"]["attributes"]),
        context=attributes(page["schema"]["context"]),
        segments=page["segments"],
        tables=dict.fromkeys(page["tables"], STRING),
        rules=page["rules"],
        actions=page["actions"],
    )


@pytest.mark.parametrize("text", [line for block in blocks("cel") for line in block.splitlines()])
def test_every_condition_on_the_page_can_be_used(text, scope):
    assert check(text, scope)


def test_the_rule_on_the_page_works():
    module: dict[str, object] = {}
    exec(blocks("python")[0], module)  # noqa: S102 (our own page)
    [loyal] = rules_of(module).values()
    assert loyal(Facts({"visits": [7, 6]}, {}, Events(), "web", 0)) is True
    assert loyal(Facts({}, {}, Events(), "web", 0)) is None
