"""What is said of a catalogue with mistakes; the example of the docs is the one without."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.catalogue import compile_catalogue
from engine.errors import CatalogueRefused

EXAMPLE = (Path(__file__).parent / "example.yaml").read_text(encoding="utf-8")


def faults(files: dict[str, str]) -> list[str]:
    """Every fault of a catalogue that is refused."""
    with pytest.raises(CatalogueRefused) as refused:
        compile_catalogue({name: text.encode() for name, text in files.items()})
    return list(map(str, refused.value.faults))


def one_mistake(right: str, wrong: str) -> list[str]:
    """The faults of the example with its first `right` written `wrong`, without the file's name."""
    assert right in EXAMPLE
    found = faults({"c.yaml": EXAMPLE.replace(right, wrong, 1)})
    assert all(fault.startswith("c.yaml:") for fault in found)
    return [fault.removeprefix("c.yaml:") for fault in found]
