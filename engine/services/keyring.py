"""Who may call: keys compared by digest, in constant time."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from hashlib import blake2b
from typing import NamedTuple


class TurnedAway(NamedTuple):
    """Why a request is refused before it is looked at."""

    status: int
    code: str
    detail: str


class Sender(NamedTuple):
    """Who sends events: `source` tells write keys apart; `trusted` may speak of anyone."""

    source: str
    trusted: bool


_UNKNOWN = TurnedAway(
    401, "unauthenticated", "send `Authorization: Bearer sk_…` with a secret key of this server"
)
_PUBLISHABLE = TurnedAway(
    403, "publishable-key", "this is a publishable key (pk_…): this call takes a secret key (sk_…)"
)


class Keyring:
    """The keys of this house."""

    def __init__(self, secret: Iterable[str], publishable: Iterable[str]) -> None:
        self._secret = [_digest(key) for key in secret]
        self._publishable = [_digest(key) for key in publishable]

    def refuse(self, authorization: str) -> TurnedAway | None:
        """Why a request with this Authorization header is turned away; None: it may go on."""
        scheme, _, key = authorization.partition(" ")
        digest = _digest(key.strip())
        if scheme.lower() == "bearer" and _among(digest, self._secret):
            return None
        if scheme.lower() == "bearer" and _among(digest, self._publishable):
            return _PUBLISHABLE
        return _UNKNOWN

    def publishes(self, key: str) -> bool:
        """Whether that is a publishable key, which may stand in a URL."""
        return _among(_digest(key), self._publishable)

    def sender(self, write_key: str) -> Sender | None:
        """Whose write key that is; None: not ours. Publishable ones are not trusted."""
        digest = _digest(write_key)
        secret, publishable = _among(digest, self._secret), _among(digest, self._publishable)
        if not secret and not publishable:
            return None
        source = blake2b(write_key.encode("utf-8", "surrogateescape"), digest_size=6)
        return Sender(source.hexdigest(), secret)


def _digest(key: str) -> bytes:
    """BLAKE2b (RFC 7693), as the tokens: OpenSSL's digests take longer to set up than to do."""
    return blake2b(key.encode("utf-8", "surrogateescape"), digest_size=32).digest()


def _among(digest: bytes, digests: list[bytes]) -> bool:
    """Every one is compared, whichever matches."""
    return any([hmac.compare_digest(digest, known) for known in digests])  # noqa: C419
