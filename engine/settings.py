"""What an operator may set: flags first, else the environment. Empty counts as unset."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from phonenumbers import SUPPORTED_REGIONS

from engine.change import DURABILITIES, Durability
from engine.errors import Misconfigured
from engine.rules.times import duration_ms
from engine.spelling import meant

PREFIX = "TELLER_"
NAMES = {
    "TELLER_CATALOGUE": "the directory of the catalogue to serve",
    "TELLER_DATA": "where models, kept versions, keys and the embedded server's file live",
    "TELLER_REDIS_URL": "redis://, rediss:// or unix:// of the store; unset: an embedded server",
    "TELLER_DURABILITY": "what a change survives: memory, everysec, always or replicated",
    "TELLER_RULES": "the Python module with the catalogue's @rule functions",
    "TELLER_ARCHIVE": "URL of the archive's Parquet files, or off; unset: in the data directory",
    "TELLER_LEARNING": "on or off: whether `teller serve` learns from answers as they come, on",
    "TELLER_LEARNING_DELAY": "after how long an offer counts as unanswered, such as 30m; "
    "as long as answers take",
    "TELLER_LEARNING_HALF_LIFE": "days after which an answer weighs half of what it did, 60",
    "TELLER_LOG_DAYS": "for how many days the store keeps what nobody has archived or learned, 30",
    "TELLER_PHONE_REGION": "the country of phone numbers without a country code, such as PT",
    "TELLER_IDENTITY_LIMIT": "how many customers may be named with one identity, 3",
    "TELLER_SECRET_KEYS": "comma-separated server-to-server keys, sk_…",
    "TELLER_PUBLISHABLE_KEYS": "comma-separated browser keys, pk_…",
    "TELLER_CORS_ORIGINS": "comma-separated origins whose pages may send events",
    "TELLER_EVENT_BYTES": "how large an event may be, 32768",
    "TELLER_BATCH_BYTES": "how large a batch of events may be, unpacked, 512000",
}
DATA = "teller-data"
HIGHEST_PORT = 65_535

_DAY = 24 * 3600 * 1000
_MOST_BYTES = 64 * 1024 * 1024
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?")
OFF = "off"

SECRET, PUBLISHABLE = "sk_", "pk_"
SHORTEST = 16  # characters of a key


@dataclass(frozen=True, slots=True)
class EventLimits:
    """What may be sent as events: bytes of one, bytes of a request unpacked, and from pages of
    which origins (`https://shop.example`)."""

    event: int = 32 * 1024
    batch: int = 500 * 1024
    origins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LearningSettings:
    """Whether it learns online; after how many ms an offer counts as unanswered, None for as long
    as answers take, and after how many days an answer weighs half."""

    on: bool = True
    delay: int | None = None
    half_life: float = 60.0


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that configures a process. `redis_url` None: an embedded server; `rules`: the
    name of a Python module; `archive`: a URL, `off`, or empty for the data directory;
    `phone_region`: ISO 3166."""

    catalogue: Path
    data: Path
    redis_url: str | None = None
    secret_keys: tuple[str, ...] = ()
    publishable_keys: tuple[str, ...] = ()
    rules: str | None = None
    archive: str = ""
    log_days: int = 30
    phone_region: str | None = None
    identity_limit: int = 3
    events: EventLimits = EventLimits()
    durability: Durability = "everysec"
    learning: LearningSettings = LearningSettings()


def read_settings(environment: Mapping[str, str], **flags: str | None) -> Settings:
    """Settings from flags (`catalogue`, `data`, `redis_url`, `rules`), else the environment.

    Misconfigured when there is no catalogue to serve, or a key does not look like one.
    """

    def value(name: str) -> str | None:
        return flags.get(name) or environment.get(PREFIX + name.upper()) or None

    catalogue = value("catalogue")
    if catalogue is None:
        raise Misconfigured("no catalogue: pass --catalogue DIR or set TELLER_CATALOGUE")
    if not Path(catalogue).is_dir():
        raise Misconfigured(f"the catalogue {catalogue!r} is not a directory")
    return Settings(
        Path(catalogue),
        Path(value("data") or DATA),
        value("redis_url"),
        _keys(value("secret_keys"), "TELLER_SECRET_KEYS", SECRET),
        _keys(value("publishable_keys"), "TELLER_PUBLISHABLE_KEYS", PUBLISHABLE),
        value("rules"),
        value("archive") or "",
        _days(value("log_days") or "30"),
        _region(value("phone_region")),
        _limit(value("identity_limit") or "3"),
        EventLimits(
            _bytes(value("event_bytes") or "32768", "TELLER_EVENT_BYTES"),
            _bytes(value("batch_bytes") or "512000", "TELLER_BATCH_BYTES"),
            _origins(value("cors_origins")),
        ),
        _durability(value("durability") or "everysec"),
        LearningSettings(
            _switch(value("learning") or "on", "TELLER_LEARNING"),
            _delay(given) if (given := value("learning_delay")) else None,
            _half_life(value("learning_half_life") or "60"),
        ),
    )


def unknown_settings(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each `TELLER_…` variable that is no setting, with the nearest that is."""
    strange = [name for name in environment if name.startswith(PREFIX) and name not in NAMES]
    return [f"{name} is not a setting{meant(name, NAMES, '; ')}" for name in sorted(strange)]


def is_key(key: str, prefix: str) -> bool:
    """Whether it looks like a key of that kind, which every client sends as the same bytes."""
    plain = key.isascii() and key.isprintable() and " " not in key
    return plain and key.startswith(prefix) and len(key) >= SHORTEST


def key_shape(prefix: str) -> str:
    """What a key of that kind looks like, as a sentence."""
    return f"a key is {prefix} and more, {SHORTEST} ASCII characters at least and none a space"


def _days(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 3650):
        raise Misconfigured(f"TELLER_LOG_DAYS is a number of days, 1 to 3650, not {text!r:.20}")
    return int(text)


def _switch(text: str, name: str) -> bool:
    if text in ("on", OFF):
        return text == "on"
    raise Misconfigured(f"{name} is on or off, not {text!r:.20}")


def _delay(text: str) -> int:
    try:
        delay = duration_ms(text)
    except ValueError as error:
        raise Misconfigured(f"TELLER_LEARNING_DELAY: {error}") from None
    if not 0 <= delay <= 30 * _DAY:
        raise Misconfigured(f"TELLER_LEARNING_DELAY is from 0s to 30d, not {text!r:.20}")
    return delay


def _half_life(text: str) -> float:
    if text.isascii() and text.isdigit() and 0 < int(text) <= 3650:
        return float(text)
    raise Misconfigured(
        f"TELLER_LEARNING_HALF_LIFE is a number of days, 1 to 3650, not {text!r:.20}"
    )


def _durability(text: str) -> Durability:
    for one in DURABILITIES:
        if text == one:
            return one
    hint = meant(text, DURABILITIES, "; ")
    raise Misconfigured(
        f"TELLER_DURABILITY is one of {', '.join(DURABILITIES)}, not {text!r}{hint}"
    )


def _keys(text: str | None, name: str, prefix: str) -> tuple[str, ...]:
    keys = tuple(part.strip() for part in (text or "").split(",") if part.strip())
    if not all(is_key(key, prefix) for key in keys):
        raise Misconfigured(f"{name}: {key_shape(prefix)}")
    return keys


def _region(text: str | None) -> str | None:
    if text is None or text in SUPPORTED_REGIONS:
        return text
    raise Misconfigured(f"TELLER_PHONE_REGION is a country such as PT, not {text!r}")


def _limit(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise Misconfigured(f"TELLER_IDENTITY_LIMIT is a number of customers from 1, not {text!r}")


def _bytes(text: str, name: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= _MOST_BYTES:
        return int(text)
    raise Misconfigured(f"{name} is a number of bytes from 1 to {_MOST_BYTES}, not {text!r}")


def _origins(text: str | None) -> frozenset[str]:
    origins = frozenset(part.strip() for part in (text or "").split(",") if part.strip())
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise Misconfigured(
                f"TELLER_CORS_ORIGINS: an origin is https://shop.example, without a path and "
                f"without a wildcard, not {origin!r}"
            )
    return origins
