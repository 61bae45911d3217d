"""Checked trees to Python's own syntax tree, three-valued: an unknown is `None`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

from engine.domain import Value
from engine.rules import functions
from engine.rules.patterns import compile_pattern
from engine.rules.python import UNKNOWN, call, define, fixed, is_constant, load
from engine.rules.types import DOUBLE, Node, element_of

Build = Callable[..., ast.expr]

_COMPARISONS: dict[str, type[ast.cmpop]] = {
    "==": ast.Eq,
    "!=": ast.NotEq,
    "<": ast.Lt,
    "<=": ast.LtE,
    ">": ast.Gt,
    ">=": ast.GtE,
}


def constant(node: Node) -> Value | None:
    """What a tree that reads nothing comes to; None for unknown."""
    emitter = Emitter()
    body: list[ast.stmt] = [ast.Return(emitter.expression(node))]
    answer: Value | None = define("constant", (), body, emitter.names)()
    return answer


class Emitter:
    """Turns nodes into expressions, remembering what they read and which names they need.

    `reads` maps what is read, or asked of the history, to the local that must hold it;
    `names` are the globals of the function the expressions will live in.
    """

    def __init__(self) -> None:
        self.names: dict[str, object] = {}
        self.reads: dict[tuple[object, ...], str] = {}
        self._temporaries = 0

    def fresh(self) -> None:
        """Start a new statement: temporaries of the last are free again."""
        self._temporaries = 0

    def bind(self, name: str, value: object) -> ast.Name:
        """A global of the function-to-be."""
        self.names[name] = value
        return load(name)

    def holding(self, read: tuple[object, ...]) -> str:
        """The local that must hold what is read."""
        return self.reads.setdefault(read, f"read{len(self.reads)}")

    def expression(self, node: Node) -> ast.expr:
        """The value of `node`: never None unless `node.partial`."""
        return _EMIT.get(node.op, Emitter._function)(self, node)

    def strict(self, args: Sequence[Node], build: Build, *, name_all: bool = False) -> ast.expr:
        """`build` of the arguments, unknown as soon as one of them is."""
        unknowns: list[ast.expr] = []
        values: list[ast.expr] = []
        for arg in args:
            value = self.expression(arg)
            if arg.partial or (name_all and not isinstance(value, ast.Constant)):
                seen, value = self._named(value)
                unknowns.append(is_constant(seen, None))
            values.append(value)
        result = build(*values)
        if not unknowns:
            return result
        test = unknowns[0] if len(unknowns) == 1 else ast.BoolOp(ast.Or(), unknowns)
        return ast.IfExp(test, UNKNOWN, result)

    def _named(self, value: ast.expr) -> tuple[ast.expr, ast.expr]:
        """An expression that computes `value`, and one that mentions it again."""
        if isinstance(value, ast.Name):
            return value, value
        self._temporaries += 1
        name = f"t{self._temporaries}"
        return ast.NamedExpr(ast.Name(name, ast.Store()), value), load(name)

    def _literal(self, node: Node) -> ast.expr:
        return fixed(node.value)

    def _read(self, node: Node) -> ast.expr:
        assert isinstance(node.value, tuple)  # noqa: S101
        return load(self.holding(node.value))

    def _local(self, node: Node) -> ast.expr:
        return load(str(node.value))

    def _list(self, node: Node) -> ast.expr:
        return self.strict(node.args, lambda *values: ast.List(list(values), ast.Load()))

    def _has(self, node: Node) -> ast.expr:
        return ast.Compare(self.expression(node.args[0]), [ast.IsNot()], [UNKNOWN])

    def _not(self, node: Node) -> ast.expr:
        return self.strict(node.args, lambda value: ast.UnaryOp(ast.Not(), value))

    def _logic(self, node: Node) -> ast.expr:
        """The certain clauses first: Python's own and/or then settles most cases alone."""
        join, fold = (ast.And(), self._and) if node.op == "&&" else (ast.Or(), self._or)
        clauses = [self.expression(arg) for arg in node.args if not arg.partial]
        partial = [self.expression(arg) for arg in node.args if arg.partial]
        if partial:
            clauses.append(_balanced(partial, fold))
        return clauses[0] if len(clauses) == 1 else ast.BoolOp(join, clauses)

    def _and(self, left: ast.expr, right: ast.expr) -> ast.expr:
        first, again = self._named(left)
        second, both = self._named(right)
        decided = ast.BoolOp(ast.Or(), [is_constant(second, False), again])
        rest = ast.IfExp(decided, both, UNKNOWN)
        return ast.IfExp(is_constant(first, False), ast.Constant(False), rest)

    def _or(self, left: ast.expr, right: ast.expr) -> ast.expr:
        first, again = self._named(left)
        second, both = self._named(right)
        decided = ast.BoolOp(ast.Or(), [is_constant(second, True), is_constant(again, False)])
        rest = ast.IfExp(decided, both, UNKNOWN)
        return ast.IfExp(is_constant(first, True), ast.Constant(True), rest)

    def _ternary(self, node: Node) -> ast.expr:
        test, then, otherwise = node.args
        chosen = (self.expression(then), self.expression(otherwise))
        return self.strict((test,), lambda value: ast.IfExp(value, *chosen))

    def _equality(self, node: Node) -> ast.expr:
        if node.args[0].type.name != "list":
            return self._comparison(node)
        same = self.bind("same_list", functions.same_list)
        equal = self.strict(node.args, lambda left, right: call(same, left, right))
        if node.op == "==":
            return equal
        return self.strict(node.args, lambda *both: ast.UnaryOp(ast.Not(), call(same, *both)))

    def _comparison(self, node: Node) -> ast.expr:
        compare = _COMPARISONS[node.op]()
        return self.strict(node.args, lambda left, right: ast.Compare(left, [compare], [right]))

    def _in(self, node: Node) -> ast.expr:
        value, values = node.args
        if DOUBLE in (value.type, element_of(values.type)):
            among = self.bind("among_doubles", functions.among_doubles)
            return self.strict(node.args, lambda left, right: call(among, left, right))
        return self.strict(node.args, lambda left, right: ast.Compare(left, [ast.In()], [right]))

    def _macro(self, node: Node) -> ast.expr:
        values, body = node.args
        reduce = functions.any_of if node.op == "exists" else functions.all_of
        answer = self.expression(body)
        target = ast.Name(str(node.value), ast.Store())
        combine = self.bind(reduce.__name__, reduce)
        # A comprehension may not name its own source, so the source gets its name before.
        return self.strict(
            (values,),
            lambda source: call(
                combine, ast.ListComp(answer, [ast.comprehension(target, source, [], 0)])
            ),
            name_all=True,
        )

    def _matches(self, node: Node) -> ast.expr:
        pattern = str(node.value)
        bound = self.bind(f"pattern_{pattern}", compile_pattern(pattern))
        found = self.bind("matches", functions.matches)
        return self.strict(node.args, lambda text: call(found, text, bound))

    def _size(self, node: Node) -> ast.expr:
        size = self.bind("size", len)
        return self.strict(node.args, lambda value: call(size, value))

    def _function(self, node: Node) -> ast.expr:
        function = functions.find(node.op, [arg.type for arg in node.args])
        assert function is not None  # noqa: S101 (the checker found it)
        code = function.code
        if isinstance(code, type):
            operate = code
            return self.strict(node.args, lambda left, right: ast.BinOp(left, operate(), right))
        bound = self.bind(code.__name__, code)
        return self.strict(node.args, lambda *values: call(bound, *values))


def _balanced(clauses: Sequence[ast.expr], fold: Build) -> ast.expr:
    """A long chain folded as a tree of logarithmic depth, which Python's compiler can take."""
    if len(clauses) == 1:
        return clauses[0]
    middle = len(clauses) // 2
    return fold(_balanced(clauses[:middle], fold), _balanced(clauses[middle:], fold))


_EMIT: Mapping[str, Callable[[Emitter, Node], ast.expr]] = {
    "literal": Emitter._literal,
    "read": Emitter._read,
    "history": Emitter._read,
    "local": Emitter._local,
    "list": Emitter._list,
    "has": Emitter._has,
    "!": Emitter._not,
    "&&": Emitter._logic,
    "||": Emitter._logic,
    "?": Emitter._ternary,
    "==": Emitter._equality,
    "!=": Emitter._equality,
    **dict.fromkeys(("<", "<=", ">", ">="), Emitter._comparison),
    "in": Emitter._in,
    "exists": Emitter._macro,
    "all": Emitter._macro,
    "matches": Emitter._matches,
    "size": Emitter._size,
}
