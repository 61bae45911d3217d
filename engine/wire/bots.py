"""Whether a program asks, not a person: by the user agent it gives itself.

Only bots that say so are known. Browsers, apps, the libraries apps are made with and the proxies
through which people open their mail are people's.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

from crawleruseragents import CRAWLER_USER_AGENTS_DATA as KNOWN
from marshmallow import fields, validate
from msgspec import Meta

from engine.rules.patterns import compile_pattern
from engine.wire.values import MAX_TEXT

UserAgent = Annotated[str, Meta(max_length=MAX_TEXT)] | None
"""As the visitor's browser sent it; null or empty where it sent none."""

_LOOKED_AT = 512
_REMEMBERED = 4096
_LIBRARY = "http-library"
_PEOPLES = frozenset(  # listed all the same
    (
        r"AP3A\.240617\.008",  # a build of Android 15, on millions of phones
        "GoogleImageProxy",  # Gmail, and others like it: a mail was opened
        "YahooMailProxy",
        "FastmailUA",
        "Shortwave Image Fetcher",
    )
)
_PATTERNS = compile_pattern(  # all in one, in time linear in a text that a visitor chooses
    "|".join(
        one["pattern"]
        for one in KNOWN
        if _LIBRARY not in one.get("tags", ()) and one["pattern"] not in _PEOPLES
    )
)


class UserAgentField(fields.String):
    """The visitor's user agent, or null."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            allow_none=True,
            validate=validate.Length(
                max=MAX_TEXT, error=f"must be at most {MAX_TEXT:,} characters long"
            ),
            error_messages={"invalid": "must be a string"},
            **options,
        )


def is_bot(user_agent: UserAgent) -> bool:
    """Whether that is a bot's; what gives no name is taken for a person."""
    return bool(user_agent and _listed(user_agent[:_LOOKED_AT]))


@lru_cache(_REMEMBERED)
def _listed(user_agent: str) -> bool:
    return _PATTERNS.search(user_agent) is not None
