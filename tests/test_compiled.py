"""Functions in machine code."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.models.online.growing import _WHOLE
from engine.models.online.temper import _tempered
from engine.models.online.wood import LEAF

ENGINE = Path(__file__).parent.parent / "engine"


def _compiled(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for one in tree.body:
        if isinstance(one, ast.FunctionDef) and "compiled(" in "".join(
            ast.unparse(mark) for mark in one.decorator_list
        ):
            yield one


def test_none_knows_a_name_that_its_module_imports_from_the_house() -> None:
    """What is kept of it would stay as it was when that module changes."""
    found, strangers = 0, []
    for file in sorted(ENGINE.rglob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        imported = {
            name.asname or name.name
            for one in tree.body
            if isinstance(one, ast.ImportFrom) and (one.module or "").startswith("engine")
            for name in one.names
        }
        for function in _compiled(tree):
            found += 1
            names = {
                node.id
                for line in function.body
                for node in ast.walk(line)
                if isinstance(node, ast.Name)
            }
            strangers += [f"{file.name}: {function.name}: {name}" for name in names & imported]
    assert found > 20
    assert strangers == []
    assert _WHOLE == LEAF


def test_an_array_of_another_type_is_an_error_and_not_a_slow_surprise() -> None:
    numbers = np.zeros(3)
    with pytest.raises(TypeError, match="No matching definition"):
        _tempered(numbers, numbers, np.zeros(3, np.float32), 0.5)


def test_where_nothing_can_be_kept_it_is_translated_all_the_same(tmp_path: Path) -> None:
    """A file where a folder belongs stops even root, whom no permission would."""
    source = tmp_path / "loops.py"
    source.write_text(
        "from engine.compiled import compiled\n"
        '@compiled("float64(float64)")\n'
        "def twice(number):\n"
        "    return 2.0 * number\n"
        "print(twice(21.0), twice.stats.cache_path)\n"
    )
    (tmp_path / "__pycache__").write_text("in the way")
    nowhere = {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null"}
    where = {**os.environ, **nowhere, "PYTHONPATH": str(ENGINE.parent)}
    ran = subprocess.run(
        [sys.executable, "-B", str(source)],
        env=where,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == ["42.0", "None"]
