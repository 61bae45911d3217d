"""Jinja, held to what a text in a catalogue may do: little work, short texts, no clock.

Nothing is worked out while a template is read: constants are folded nowhere, so that reading
takes no longer than the template is long. What one step may make is bounded while it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import wraps
from operator import mod, mul
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

LONGEST = 100_000
"""Characters that come of a template, or of any part of it, at most."""

TURNS = 100
"""Turns of a loop: it stops there."""

MOMENT = frozenset(
    {"year", "month", "day", "hour", "minute", "second"}
    | {"weekday", "isoweekday", "isoformat", "strftime", "timestamp"}
)
"""What may be asked of `now` and of other times: nothing that looks at the machine's clock."""

_SHORT = 1000  # characters of an argument, and what those of `_WIDENING` filters may be
_HIGHEST = 2**63
_WIDENING = frozenset(["batch", "center", "indent", "round", "slice", "tojson", "wordwrap"])
_OF_TEXTS = frozenset(
    {"capitalize", "lower", "title", "upper", "lstrip", "rstrip", "strip", "replace"}
    | {"count", "find", "startswith", "endswith", "isdigit", "split", "rsplit", "join"}
)
_OF_LOOPS = frozenset(
    {"first", "last", "index", "index0", "revindex", "revindex0", "length"}
    | {"changed", "cycle", "nextitem", "previtem"}
)
_ASKED: tuple[tuple[type, frozenset[str]], ...] = (
    (datetime, MOMENT),
    (timedelta, frozenset(["days", "seconds", "total_seconds"])),
    (str, _OF_TEXTS),
    (dict, frozenset(["get", "items", "keys", "values"])),
    (tuple, frozenset(["grouper", "list"])),  # of the filter `groupby`
    (LoopContext, _OF_LOOPS),
)


def environment() -> Sandbox:
    """What reads and renders templates: no globals, no chance, strict about what is missing."""
    sandbox = Sandbox(
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
        optimized=False,
        finalize=_as_it_is,
    )
    sandbox.globals.clear()
    for name in ("attr", "format", "random"):
        del sandbox.filters[name]
    for name, made in sandbox.filters.items():
        if name not in ("d", "default"):
            highest = _SHORT if name in _WIDENING else _HIGHEST
            sandbox.filters[name] = _bounded(made, highest)
    return sandbox


@jinja2.pass_context
def _as_it_is(_: Context, value: Any) -> Any:
    """Jinja folds what is finalized without a context, `optimized` or not."""
    return value


class Sandbox(ImmutableSandboxedEnvironment):
    """Allows what is listed, and no step that makes much of little."""

    intercepted_binops = frozenset(["+", "*", "%"])

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.binop_table.update({"*": _times, "%": _modulo})

    @staticmethod
    def concat(parts: Iterable[str]) -> str:
        """The parts as one text, unless it gets too long."""
        taken: list[str] = []
        size = 0
        for part in parts:
            size += len(part)
            if size > LONGEST:
                raise SecurityError(f"this makes a text of over {LONGEST} characters")
            taken.append(part)
        return "".join(taken)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ARG002
        """Whether it is one of those listed."""
        return any(isinstance(obj, kind) and attr in names for kind, names in _ASKED)

    def wrap_str_format(self, value: Any) -> None:
        """Nothing: Jinja would let a text's `format` through, listed or not, and with it a width of
        any number of characters, which are all made before they are too many."""

    def getitem(self, obj: Any, argument: Any) -> Any:
        """`obj[argument]`, which names no attribute."""
        try:
            return obj[argument]
        except (TypeError, LookupError):
            return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """A sum or product, unless it is too large."""
        return _small(super().call_binop(context, operator, left, right))

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        """What a method answers, with arguments and an answer of some size."""
        return _bounded(super().call)(__context, __obj, *args, **kwargs)

    def tame(self, source: str) -> nodes.Template:
        """The template as it is run: its loops end, and `~` adds texts as `+` does."""
        tree = self.parse(source)
        _Tamer().visit(tree)
        tree.set_environment(self)
        return tree


class _Tamer(NodeTransformer):
    def visit_For(self, loop: nodes.For) -> nodes.For:  # noqa: N802  (Jinja's name)
        self.generic_visit(loop)
        first = nodes.Slice(None, nodes.Const(TURNS), None)
        loop.iter = nodes.Getitem(_filtered(loop.iter, "list"), first, "load")
        return loop

    def visit_Concat(self, together: nodes.Concat) -> nodes.Expr:  # noqa: N802  (Jinja's name)
        self.generic_visit(together)
        whole, *rest = (_filtered(node, "string") for node in together.nodes)
        for part in rest:
            whole = nodes.Add(whole, part)
        return whole


def _filtered(node: nodes.Node, name: str) -> nodes.Expr:
    return nodes.Filter(node, name, [], [], None, None)


def _bounded(function: Callable[..., Any], highest: int = _HIGHEST) -> Callable[..., Any]:
    """The filter or method, refused large arguments and large answers."""

    @wraps(function)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        for argument in (*args[1:], *kwargs.values()):
            _small(argument, _SHORT, highest)
        return _small(function(*args, **kwargs))

    return bounded


def _small(value: Any, longest: int = LONGEST, highest: int = _HIGHEST) -> Any:
    if isinstance(value, int) and abs(value) > highest:
        raise SecurityError("a number here is too large")
    if isinstance(value, (str, list, tuple, Mapping)) and len(value) > longest:
        raise SecurityError(f"a text or list here has over {longest} characters or entries")
    return value


def _times(left: Any, right: Any) -> Any:
    for whole, times in ((left, right), (right, left)):
        many = isinstance(whole, (str, list, tuple)) and isinstance(times, int)
        if many and len(whole) * times > LONGEST:
            raise SecurityError(f"this makes a text or list of over {LONGEST} entries")
    return mul(left, right)


def _modulo(left: Any, right: Any) -> Any:
    if isinstance(left, str):
        raise SecurityError("`%` does not fill in texts here")
    return mod(left, right)
