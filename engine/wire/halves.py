"""Halves of characters: JavaScript cuts a text within an emoji, and sends the half as an escape."""

from __future__ import annotations

import re

_REPLACEMENT = b"\\ufffd"
_PAIR = rb"u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_HALF = rb"u[dD][89a-fA-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rb"\\(?:" + _PAIR + rb"|(" + _HALF + rb")|.)", re.DOTALL)


def mended(body: bytes) -> bytes:
    """The JSON text with U+FFFD for each half of a surrogate pair, as browsers write them in
    UTF-8 (WHATWG Encoding); it is no JSON text as we take it otherwise."""
    return _ESCAPE.sub(lambda found: _REPLACEMENT if found[1] else found[0], body)
