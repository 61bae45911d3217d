"""Regular expressions that take time linear in the text, whatever the pattern (RE2)."""

from __future__ import annotations

from typing import Protocol

import re2


class Pattern(Protocol):
    """A compiled pattern; `search` gives None where the text holds no match."""

    def search(self, text: str) -> object | None: ...


def compile_pattern(text: str) -> Pattern:
    """The pattern `text`; ValueError says what is wrong with it."""
    options = re2.Options()
    options.log_errors = False
    try:
        pattern: Pattern = re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0]
        said = reason.decode() if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"{text!r} is not a pattern: {said}") from error
    return pattern
