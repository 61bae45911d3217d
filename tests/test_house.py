"""The house is as it says: what is named is there, and no file leads back to itself."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("engine", "training", "demo", "bench")
PAGES = [ROOT / "README.md", ROOT / "setup.cfg", *(ROOT / "docs").rglob("*.md")]
FILES = sorted([*PAGES, *(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))])
PATH = re.compile(r"(?<![\w./-])(?:engine|training|demo|bench|tests|docs)/[\w./-]*\w")
WITHIN = re.compile(
    r"`((?:archive|catalogue|exploration|models|registry|rules|services|store|wire)/[\w/.]*\w)`"
)
MODULE = re.compile(r"(?<![\w./-])(?:engine|training|demo|bench)(?:\.(?!md\b|json\b)\w+)+")


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_path_that_is_named_is_there(file: Path) -> None:
    text = file.read_text("utf-8")
    assert [one for one in PATH.findall(text) if not (ROOT / one).exists()] == []
    within = [one for one in WITHIN.findall(text) if not (file.parent / one).exists()]
    assert [one for one in within if not any(map(Path.exists, places(one)))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_module_a_page_names_is_there(page: Path) -> None:
    named = MODULE.findall(page.read_text("utf-8"))
    assert [one for one in named if not there(one)] == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = grimp.build_graph(*ROOMS, exclude_type_checking_imports=True)
    imports = {one: graph.find_modules_directly_imported_by(one) for one in graph.modules}
    TopologicalSorter(imports).prepare()  # raises where it finds a circle, and shows it


def places(name: str) -> list[Path]:
    """Where a path of the engine's may be: as it stands, or a module without its ending."""
    return [ROOT / "engine" / name, ROOT / "engine" / f"{name}.py"]


def there(module: str) -> bool:
    """A module, or a name one holds."""
    place = ROOT.joinpath(*module.split("."))
    within = place.parent.with_suffix(".py")
    return (
        place.is_dir()
        or place.with_suffix(".py").exists()
        or (within.exists() and place.name in within.read_text("utf-8"))
    )
