"""The short way to a decision: past Flask's routing and its objects, a fifth of the time.

It answers what is in order. Whatever is not - another path, a key it does not know, a request
refused - goes the ordinary way through the application behind it, which says what is wrong.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

import msgspec

from engine.errors import TellerError
from engine.services.deciding.decisions import Decisions
from engine.services.keyring import Keyring
from engine.wire.decisions import read_asked
from engine.wire.tracing import request_id, traced

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/v1/decisions"

_LARGEST = 65_536
"""Bytes of a body that goes this way; a larger one, which may well be refused, is read once so."""

_MOST_DIGITS = len(str(_LARGEST))
"""Python turns no number of thousands of digits into one, and some servers let those through."""


class Express:
    """A WSGI application that decides, in front of the one that does everything."""

    def __init__(self, ordinary: WSGIApplication, decisions: Decisions, keyring: Keyring) -> None:
        self._ordinary = ordinary
        self._decisions = decisions
        self._keyring = keyring

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or ""
        if (
            environ["PATH_INFO"] != PATH
            or environ["REQUEST_METHOD"] != "POST"
            or not _in_reach(length)
            or self._keyring.refuse(environ.get("HTTP_AUTHORIZATION", ""))
        ):
            return self._ordinary(environ, start_response)
        started = time.perf_counter()
        body = environ["wsgi.input"].read(int(length))
        try:
            content = self._answer(body, environ)
        except TellerError:  # nothing was committed: asked again, the same is refused in full
            environ["wsgi.input"] = BytesIO(body)
            return self._ordinary(environ, start_response)
        headers = traced(request_id(environ.get("HTTP_X_REQUEST_ID", "")), started)
        headers += [("Content-Type", "application/json"), ("Content-Length", str(len(content)))]
        start_response("200 OK", headers)
        return [content]

    def _answer(self, body: bytes, environ: WSGIEnvironment) -> bytes:
        return msgspec.json.encode(self._decisions.answer(*read_asked(body, environ)))


def _in_reach(length: str) -> bool:
    """Whether it is the length, in decimal digits, of a body we take."""
    digits = length.isascii() and length.isdigit() and len(length) <= _MOST_DIGITS
    return digits and int(length) <= _LARGEST
