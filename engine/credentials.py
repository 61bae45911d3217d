"""The keys callers present: as configured, else a pair of our making in the data directory."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

from engine.errors import Misconfigured
from engine.files import made_once
from engine.settings import PUBLISHABLE, SECRET, Settings, is_key, key_shape


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys this process accepts; `fresh` when they were made just now."""

    secret: tuple[str, ...]
    publishable: tuple[str, ...]
    fresh: bool = False


def load_or_make_keys(settings: Settings) -> Keys:
    """The configured keys, else those in the data directory, else a new pair kept there (0600).

    Of several processes that start at once, one makes the pair and the others read it.
    Misconfigured where nobody could ask for a decision (publishable keys alone, a file that cannot
    be read), or where anybody could: damaged ones.
    """
    if settings.publishable_keys and not settings.secret_keys:
        raise Misconfigured(
            "TELLER_PUBLISHABLE_KEYS without TELLER_SECRET_KEYS: nobody could ask for a "
            "decision. Set both, or neither for a pair of our making"
        )
    if settings.secret_keys:
        return Keys(settings.secret_keys, settings.publishable_keys)
    path = settings.data / "keys.json"
    pair = {"secret": [_new(SECRET)], "publishable": [_new(PUBLISHABLE)]}
    kept, fresh = made_once(path, json.dumps(pair).encode())
    try:
        held = json.loads(kept.decode())
        return Keys(_held(held["secret"], SECRET), _held(held["publishable"], PUBLISHABLE), fresh)
    except (ValueError, KeyError, TypeError) as error:
        raise Misconfigured(
            f"{path} is damaged ({error}): restore it, or remove it for new keys"
        ) from None


def _held(keys: object, prefix: str) -> tuple[str, ...]:
    """Keys of the file, each of them whole: of a text each letter would be one, and open all."""
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise TypeError(f"what belongs there is a list of texts, {prefix}…")
    if not all(is_key(key, prefix) for key in keys) or (not keys and prefix == SECRET):
        raise ValueError(key_shape(prefix))
    return tuple(keys)


def _new(prefix: str) -> str:
    return prefix + secrets.token_urlsafe(24)
