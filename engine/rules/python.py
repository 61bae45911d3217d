"""Python's own syntax tree in a few words, and a function made of it.

No text is ever generated: every constant is an `ast.Constant` or a bound name, so an
author's text cannot become code.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import Any, cast

UNKNOWN = ast.Constant(None)


def load(name: str) -> ast.Name:
    """A mention of the local or bound name `name`."""
    return ast.Name(name, ast.Load())


def fixed(value: object) -> ast.Constant:
    """A constant of any immutable kind; typeshed leaves out that tuples are."""
    return ast.Constant(cast(Any, value))


def assign(name: str, value: ast.expr) -> ast.stmt:
    """`name = value`."""
    return ast.Assign([ast.Name(name, ast.Store())], value)


def call(function: ast.expr, *args: ast.expr) -> ast.Call:
    """`function(*args)`."""
    return ast.Call(function, list(args), [])


def tell(name: str, method: str, *args: ast.expr) -> ast.stmt:
    """`name.method(*args)`."""
    return ast.Expr(call(ast.Attribute(load(name), method, ast.Load()), *args))


def note(where: str, index: int) -> ast.stmt:
    """`where.append(index)`."""
    return tell(where, "append", ast.Constant(index))


def is_constant(value: ast.expr, constant: bool | None) -> ast.expr:
    """`value is constant`."""
    return ast.Compare(value, [ast.Is()], [ast.Constant(constant)])


def define(
    name: str, parameters: Sequence[str], body: list[ast.stmt], names: Mapping[str, object]
) -> FunctionType:
    """The function of that body; `names` are the only globals it sees, without builtins."""
    arguments = ast.arguments([], [ast.arg(p) for p in parameters], None, [], [], None, [])
    definition = ast.FunctionDef(name, arguments, body, [], None)
    module = ast.fix_missing_locations(ast.Module([definition], []))
    namespace: dict[str, object] = {**names, "__builtins__": {}}
    exec(compile(module, "<rules>", "exec"), namespace)  # noqa: S102 (built from our own nodes)
    function = namespace[name]
    assert isinstance(function, FunctionType)  # noqa: S101
    return function
