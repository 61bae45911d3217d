"""What the scripts that load and commit are asked, and what their answers mean."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec

from engine.change import Ask, Change, Loaded, Seen
from engine.codec import FIELDS, PERSON, unpack
from engine.store import keys
from engine.store.epoch import Epoch

_encoder = msgspec.msgpack.Encoder()
_answer = msgspec.msgpack.Decoder(tuple[bytes, bytes])
_WHO = ("rev", "clock", "created", "identities", "merged", "redirect", "fence")
_NAMES = {name.encode(): name for name in (*FIELDS, *PERSON, "redirect", "fence")}


def customer_keys(partition: int, customer_id: str, now: int) -> tuple[str, str, str, str]:
    """What `load` looks at; `now`: ms."""
    return (
        keys.customer_key(partition, customer_id),
        keys.epoch_key(partition),
        *keys.seen_keys(partition, customer_id, now),
    )


def load_args(ask: Ask) -> list[str | int]:
    """What `load` is asked, in the order of its script."""
    fields = () if ask.sections is None else (*_WHO, *ask.sections)
    return [len(fields), *fields, *ask.seen]


def commit_keys(partition: int, change: Change) -> list[str]:
    """What `commit` looks at and writes."""
    names = [
        *customer_keys(partition, change.customer_id, change.clock),
        keys.log_key(partition),
    ]
    if change.decision_id is not None:
        names.append(keys.decision_key(partition, change.decision_id))
    return names


def commit_args(change: Change, epoch: bytes) -> list[str | bytes | int]:
    """A change as `commit` takes it, in the order of its script."""
    args: list[str | bytes | int] = [
        epoch,
        ("+" if change.known else "") if change.revision is None else change.revision,
        change.clock,
        change.customer_id,
        change.retention,
        1 + len(change.further),
        len(change.sections),
        len(change.seen),
        "" if change.revision else secrets.token_hex(16),  # its entropy costs a system call
        "" if change.since is None else change.since,
        change.entry,
        *change.further,
    ]
    for section in change.sections.items():
        args += section
    for key, digest, answer in change.seen:
        args += key, _encoder.encode((digest, answer))
    return args


def loaded(ask: Ask, answer: Sequence[Any], known: Epoch) -> Loaded:
    """The customer that `load` answered, or a commit that met a conflict, and what was answered to
    the idempotency keys. Raises StateUnknown when the store's epoch is not the `known`."""
    (seconds, micros), epoch, fields, answers = answer
    known.require(epoch)
    held = _all(fields) if ask.sections is None else _some(ask.sections, fields)
    redirect, fence = held.pop("redirect", None), held.pop("fence", None)
    state = unpack(ask.customer_id, held)
    now = int(seconds) * 1000 + int(micros) // 1000
    return Loaded(
        state,
        {name: held[name] for name in FIELDS if name in held} if ask.sections is None else {},
        max(now, state.clock),
        seen_of(ask.seen, answers),
        _id(redirect),
        _id(fence),
        behind=now < state.clock,
    )


def seen_of(asked: Sequence[str], answers: Sequence[bytes | None]) -> list[Seen | None]:
    """What was answered to each idempotency key; None: it is new."""
    return [
        None if answer is None else Seen(key, *_answer.decode(answer))
        for key, answer in zip(asked, answers, strict=True)
    ]


def _all(fields: Sequence[bytes]) -> dict[str, bytes]:
    """The fields of a customer that we know, from names and values in turn."""
    one = iter(fields)
    return {_NAMES[key]: data for key, data in zip(one, one, strict=True) if key in _NAMES}


def _some(sections: Sequence[str], values: Sequence[bytes | None]) -> dict[str, bytes]:
    """Those of the fields asked for that there are."""
    named = zip((*_WHO, *sections), values, strict=True)
    return {name: data for name, data in named if data is not None}


def _id(found: bytes | None) -> str | None:
    return None if found is None else found.decode()
