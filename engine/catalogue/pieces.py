"""Texts that only put values between plain words, put together without Jinja: most are like that.

Whatever is more than that, or wants for a value, is left to Jinja, which fills it in or says
what is wrong: the text is the same either way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from jinja2 import nodes

from engine.catalogue.sandbox import LONGEST


class Place(NamedTuple):
    """Where `root.name` goes; `default`, if any, stands in for it."""

    root: str
    name: str
    default: str | None


class _NotPlainError(Exception):
    """There is more to this template than words and places."""


def pieces_of(tree: nodes.Template) -> tuple[str | Place, ...] | None:
    """The words and places a template is made of; None where there is more to it."""
    try:
        return tuple(_pieces(tree))
    except _NotPlainError:
        return None


def joined(pieces: Sequence[str | Place], names: Mapping[str, Any]) -> str | None:
    """The text with what `names` hold (by root, then by name) in its places.

    None where a value without a default is missing, and where the text gets too long.
    """
    parts: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(piece)
            continue
        root, name, default = piece
        try:
            parts.append(str(names[root][name]))
        except KeyError:
            if default is None:
                return None
            parts.append(default)
    text = "".join(parts)
    return text if len(text) <= LONGEST else None


def _pieces(tree: nodes.Template) -> Iterator[str | Place]:
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            raise _NotPlainError
        for node in output.nodes:
            yield _piece(node)


def _piece(node: nodes.Expr) -> str | Place:
    match node:
        case nodes.TemplateData(data=text):
            return text
        case nodes.Filter(
            node=nodes.Getattr() as looked,
            name="default" | "d",
            args=[nodes.Const(value=str(default))],
            kwargs=[],
            dyn_args=None,
            dyn_kwargs=None,
        ):
            return _place(looked, default)
        case nodes.Getattr():
            return _place(node, None)
    raise _NotPlainError


def _place(looked: nodes.Getattr, default: str | None) -> Place:
    match looked:
        case nodes.Getattr(node=nodes.Name(name=root), attr=name) if (
            root != "now" and not name.startswith("_")
        ):
            return Place(root, name, default)
    raise _NotPlainError
