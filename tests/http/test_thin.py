"""api.py holds routes, keys and errors, and nothing else."""

from __future__ import annotations

import ast
from pathlib import Path

import api

ALLOWED = (
    "engine.bootstrap",
    "engine.errors",
    "engine.express",
    "engine.settings",
    "engine.telemetry",
    "engine.wire",
)


def test_api_reaches_the_engine_only_through_what_is_put_together_for_it() -> None:
    tree = ast.parse(Path(api.__file__).read_text())
    reached = {
        node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("engine")
    }
    assert [module for module in reached if not module.startswith(ALLOWED)] == []


def test_every_view_is_a_few_lines() -> None:
    tree = ast.parse(Path(api.__file__).read_text())
    views = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.decorator_list
    ]
    assert views
    assert [view.name for view in views if len(view.body) > 9] == []
