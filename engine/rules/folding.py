"""Building typed nodes, and replacing what never changes by what it comes to."""

from __future__ import annotations

from collections.abc import Iterable

from engine.domain import Value
from engine.rules.emit import constant
from engine.rules.syntax import Term
from engine.rules.types import BOOL, Node, Type

_LEAVES = ("literal", "read", "local", "history")


def built(
    op: str,
    type: Type,
    term: Term,
    args: Iterable[Node],
    *,
    partial: bool = False,
    value: Value | None = None,
) -> Node:
    """The node of `term`, unknown at times if it is so by itself or one of `args` is."""
    nodes = tuple(args)
    return Node(op, type, term.column, nodes, value, partial or any(n.partial for n in nodes))


def folded(node: Node) -> Node:
    """`node`, or the literal it always comes to."""
    if node.op in ("&&", "||"):
        return _folded_logic(node)
    if node.op == "?" and node.args[0].op == "literal":
        return node.args[1] if node.args[0].value else node.args[2]
    if node.op in _LEAVES or any(arg.op != "literal" for arg in node.args):
        return node
    value = constant(node)
    if value is None:
        return node
    kept = tuple(value) if isinstance(value, list) else value
    return Node("literal", node.type, node.column, value=kept)


def _folded_logic(node: Node) -> Node:
    decides = node.op == "||"
    if any(arg.op == "literal" and arg.value is decides for arg in node.args):
        return Node("literal", BOOL, node.column, value=decides)
    args = tuple(arg for arg in node.args if arg.op != "literal")
    if len(args) < 2:
        return args[0] if args else Node("literal", BOOL, node.column, value=not decides)
    return node._replace(args=args, partial=any(arg.partial for arg in args))
