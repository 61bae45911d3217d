"""Condition text to tokens: the lexical part of CEL's grammar.

Source: the CEL language definition, "Syntax". Left out on purpose, each with a fault of
its own: unsigned integers, bytes, null, maps and messages.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from engine.rules.faults import LanguageFault, LanguageFaults
from engine.rules.types import INT_MAX

LONGEST = 20_000

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\n\f\r]+|//[^\n]*)
  | (?P<bytes>[bB][rR]?['"]|[rR][bB]['"])
  | (?P<raw>[rR](?:\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3}|"[^"\r\n]*"|'[^'\r\n]*'))
  | (?P<long>\"{3}(?:[^\\]|\\[\s\S])*?\"{3}|'{3}(?:[^\\]|\\[\s\S])*?'{3})
  | (?P<string>"(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*')
  | (?P<unsigned>(?:0[xX][0-9a-fA-F]+|[0-9]+)[uU]\b)
  | (?P<double>[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)
  | (?P<int>0[xX][0-9a-fA-F]+|[0-9]+)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<op>&&|\|\||[=!<>]=|[-+*/%<>!?:.,()\[\]{}=])
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\?\"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})"
    r"|([0-3][0-7]{2})|([\s\S]))"
)
_SIMPLE = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))
_ABSENT = {
    "bytes": "bytes are not part of the language; write a string",
    "unsigned": "unsigned integers are not part of the language; leave the u out",
}


class Token(NamedTuple):
    """A word of a condition. `kind`: int, double, string, name, op or end."""

    kind: str
    text: str
    column: int
    value: int | float | str = ""


def tokenize(text: str) -> list[Token]:
    """All tokens of `text`, an `end` last; raises LanguageFaults at the first foreign character."""
    if len(text) > LONGEST:
        raise LanguageFaults([LanguageFault(1, f"longer than {LONGEST:,} characters")])
    tokens = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text, at)
        if match.lastgroup != "space":
            tokens.append(_token(str(match.lastgroup), match[0], at + 1))
        at = match.end()
    tokens.append(Token("end", "the end", len(text) + 1))
    return tokens


def _unreadable(text: str, at: int) -> LanguageFaults:
    if text[at] in "'\"":
        return LanguageFaults([LanguageFault(at + 1, "this string never ends")])
    hint = {"&": "and is written &&", "|": "or is written ||"}.get(text[at], "")
    return LanguageFaults([LanguageFault(at + 1, f"{text[at]!r} has no meaning here", hint)])


def _token(kind: str, text: str, column: int) -> Token:
    if kind in _ABSENT:
        raise LanguageFaults([LanguageFault(column, _ABSENT[kind])])
    if kind == "int":
        return Token(kind, text, column, _integer(text, column))
    if kind == "double":
        return Token(kind, text, column, _double(text, column))
    if kind in ("string", "long", "raw"):
        return Token("string", text, column, _string(kind, text, column))
    return Token(kind, text, column)


def _integer(text: str, column: int) -> int:
    # One above the largest is let through: it is the smallest once its minus is read.
    value = (
        int(text, 16) if text[:2] in ("0x", "0X") else int(text) if len(text) < 40 else INT_MAX + 2
    )
    if value > INT_MAX + 1:
        raise LanguageFaults([LanguageFault(column, "an int has at most 64 bits")])
    return value


def _double(text: str, column: int) -> float:
    value = float(text)
    if value == float("inf"):
        raise LanguageFaults([LanguageFault(column, "this number is too large for a double")])
    return value


def _string(kind: str, text: str, column: int) -> str:
    if kind == "raw":
        text = text[1:]
    quotes = 3 if text[:3] in ("'''", '"""') else 1
    body = text[quotes:-quotes]
    return body if kind == "raw" or "\\" not in body else _unescape(body, column + quotes)


def _unescape(body: str, column: int) -> str:
    def one(match: re.Match[str]) -> str:
        simple, byte, short, long, octal, bad = match.groups()
        if simple:
            return _SIMPLE.get(simple, simple)
        point = int(octal, 8) if octal else int(byte or short or long or "110000", 16)
        if bad or point > 0x10FFFF or 0xD800 <= point <= 0xDFFF:
            where = column + match.start()
            hint = r"write \\ for a backslash, or r'…' for a string without escapes"
            raise LanguageFaults([LanguageFault(where, f"{match[0]} is not an escape", hint)])
        return chr(point)

    return _ESCAPE.sub(one, body)
