"""The author's page is true: its catalogue compiles, and it names every key there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct

from engine.catalogue import compile_catalogue, shape

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "catalogue.md").read_text(encoding="utf-8")
PARTS = [
    kind for kind in vars(shape).values() if isinstance(kind, type) and issubclass(kind, Struct)
]


def test_the_example_of_the_page_compiles_without_a_warning() -> None:
    whole, *parts = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    one = compile_catalogue({"catalogue.yaml": "".join((whole, *parts)).encode()})
    assert [str(warning) for warning in one.warnings] == []
    assert len(one.tests) == 1


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_key_is_on_the_page(part: type[Struct]) -> None:
    for field in msgspec.structs.fields(part):
        assert re.search(rf"`[^`]*\b{field.encode_name}\b[^`]*`", PAGE), field.encode_name


def test_the_schema_for_editors_is_that_of_the_structs() -> None:
    path = DOCS / "catalogue.schema.json"
    generated = json.dumps(msgspec.json.schema(shape.CatalogueSpec), indent=1) + "\n"
    assert path.read_text(encoding="utf-8") == generated, f"write it anew: {path}"
