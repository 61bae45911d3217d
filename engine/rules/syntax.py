"""Tokens to a syntax tree: CEL's grammar by precedence climbing.

Untyped: whether names exist and types fit is the checker's business. Nesting is limited
so that no text, however made, exhausts the stack of a later step.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.rules.faults import LanguageFault, LanguageFaults
from engine.rules.tokens import Token, tokenize
from engine.rules.types import BOOL, DOUBLE, INT, INT_MAX, STRING, Type

DEEPEST = 64

_POWER = {"?": 1, "||": 2, "&&": 3, "in": 4}
_POWER |= dict.fromkeys(("==", "!=", "<", "<=", ">", ">="), 4)
_POWER |= {"+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
_TYPES = {"int": INT, "double": DOUBLE, "string": STRING}


class Term(NamedTuple):
    """A piece of a condition as written.

    `op` is an operator, or one of `literal` (`value`, `type`), `name` (`text`), `select`
    (`args[0]`, `text`), `call` (`text`, `args`), `method` (`args[0]` is its target) and
    `list`; `?` is the ternary. `named` are the named arguments of a call.
    """

    op: str
    column: int
    args: tuple[Term, ...] = ()
    text: str = ""
    value: bool | int | float | str = ""
    type: Type = BOOL
    named: tuple[tuple[str, Term], ...] = ()
    depth: int = 1


def parse(text: str) -> Term:
    """The syntax tree of `text`; raises LanguageFaults at the first thing out of place."""
    parser = _Parser(tokenize(text))
    term = parser.expression(0, 1)
    parser.expect("end")
    return term


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def takes(self, text: str) -> bool:
        """Whether the next token is the operator `text`; if so it is taken."""
        token = self.tokens[self.at]
        if token.kind != "op" or token.text != text:
            return False
        self.at += 1
        return True

    def expect(self, what: str) -> Token:
        token = self.token
        if what not in (token.kind, token.text) or (token.kind == "string" and what != "string"):
            wanted = {"end": "an operator or the end", "name": "a name"}.get(what, what)
            raise _fault(token, f"expected {wanted}, found {token.text}", _hint(token))
        return self.take()

    def expression(self, floor: int, depth: int) -> Term:
        """An expression whose operators all bind tighter than `floor`."""
        if depth > DEEPEST:
            raise _too_deep(self.token.column)
        left = self.unary(depth)
        while (power := _POWER.get(self.token.text, 0)) > floor and self.token.kind in (
            "op",
            "name",
        ):
            operator = self.take()
            if operator.text == "?":
                left = self.ternary(left, operator, depth)
            else:
                right = self.expression(power, depth + 1)
                left = _binary(operator, left, right)
        return left

    def ternary(self, test: Term, operator: Token, depth: int) -> Term:
        then = self.expression(1, depth + 1)
        self.expect(":")
        return _term("?", operator.column, (test, then, self.expression(0, depth + 1)))

    def unary(self, depth: int) -> Term:
        if self.token.kind != "op" or self.token.text not in "!-":
            return self.member(self.primary(depth), depth)
        operator = self.take()
        if operator.text == "-" and self.token.kind in ("int", "double"):
            return self.member(_literal(self.take(), operator), depth)
        if depth >= DEEPEST:
            raise _too_deep(operator.column)
        op = "neg" if operator.text == "-" else "!"
        return _term(op, operator.column, (self.unary(depth + 1),))

    def member(self, term: Term, depth: int) -> Term:
        while self.takes("."):
            name = self.expect("name")
            if self.takes("("):
                args, named = self.arguments(depth)
                term = _term("method", name.column, (term, *args), name.text, named)
            else:
                term = _term("select", name.column, (term,), name.text)
        if self.token.text == "[" and self.token.kind == "op":
            raise _fault(self.token, "indexing is not part of the language", "use in or exists")
        return term

    def primary(self, depth: int) -> Term:
        token = self.take()
        if token.kind in _TYPES:
            return _literal(token)
        if token.kind == "name":
            return self.name(token, depth)
        if token.kind == "op" and token.text == "(":
            term = self.expression(0, depth + 1)
            self.expect(")")
            return term
        if token.kind == "op" and token.text == "[":
            return _term("list", token.column, tuple(self.elements(depth)))
        raise _fault(token, f"expected a value, found {token.text}", _hint(token))

    def name(self, token: Token, depth: int) -> Term:
        if token.text in ("true", "false"):
            return Term("literal", token.column, value=token.text == "true", type=BOOL)
        if token.text in ("null", "in"):
            hint = "ask has(customer.x) instead" if token.text == "null" else ""
            raise _fault(token, f"{token.text} is not a value of the language", hint)
        if self.takes("("):
            args, named = self.arguments(depth)
            return _term("call", token.column, args, token.text, named)
        return Term("name", token.column, text=token.text)

    def elements(self, depth: int) -> list[Term]:
        elements = []
        while not self.takes("]"):
            elements.append(self.expression(0, depth + 1))
            if not self.takes(","):
                self.expect("]")
                break
        return elements

    def arguments(self, depth: int) -> tuple[tuple[Term, ...], tuple[tuple[str, Term], ...]]:
        args: list[Term] = []
        named: list[tuple[str, Term]] = []
        while not self.takes(")"):
            if self.token.kind == "name" and self.tokens[self.at + 1].text == "=":
                name = self.take()
                self.take()
                named.append((name.text, self.expression(0, depth + 1)))
            else:
                args.append(self.expression(0, depth + 1))
            if not self.takes(","):
                self.expect(")")
                break
        return tuple(args), tuple(named)


def _binary(operator: Token, left: Term, right: Term) -> Term:
    op = operator.text
    if op not in ("&&", "||"):
        return _term(op, operator.column, (left, right))
    # Both are associative, so a long chain is one flat term rather than a deep one.
    args = (left.args if left.op == op else (left,)) + (right.args if right.op == op else (right,))
    return _term(op, operator.column, args)


def _literal(token: Token, minus: Token | None = None) -> Term:
    value, column = token.value, (minus or token).column
    if minus is not None and not isinstance(value, str):
        value = -value
    if isinstance(value, int) and value > INT_MAX:
        raise _fault(token, "an int has at most 64 bits")
    return Term("literal", column, value=value, type=_TYPES[token.kind])


def _term(
    op: str,
    column: int,
    args: tuple[Term, ...],
    text: str = "",
    named: tuple[tuple[str, Term], ...] = (),
) -> Term:
    depth = 1 + max((term.depth for term in args), default=0)
    if depth > DEEPEST:
        raise _too_deep(column)
    return Term(op, column, args, text, named=named, depth=depth)


def _fault(token: Token, what: str, hint: str = "") -> LanguageFaults:
    return LanguageFaults([LanguageFault(token.column, what, hint)])


def _too_deep(column: int) -> LanguageFaults:
    what = f"nested deeper than {DEEPEST} levels"
    return LanguageFaults([LanguageFault(column, what, "name a part of it as a segment")])


def _hint(token: Token) -> str:
    words = {"=": "equality is written ==", "{": "maps are not part of the language"}
    words |= {"and": "and is written &&", "or": "or is written ||", "not": "not is written !"}
    return words.get(token.text, "")
