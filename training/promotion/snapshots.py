"""The learner's snapshots in the registry: what it knew, moment by moment."""

from __future__ import annotations

from itertools import takewhile
from typing import NamedTuple

from engine.errors import ModelRefused, NotFound
from engine.registry import Registry


class Snapshot(NamedTuple):
    """One of the learner's: of the moment `at` (ms), when it had heard so many answers."""

    at: int
    answers: int
    digest: str


def snapshots(registry: Registry, name: str, until: float) -> list[tuple[int, str]]:
    """The learner's, each with the moment it is of (ms), in order of time: those that had heard at
    least half of the answers that the last of them did that there is evidence of, up to `until`."""
    every = (_snapshot(registry, name, digest) for digest in registry.versions(name))
    found = sorted(filter(None, every), reverse=True)
    known = next((one.answers for one in found if one.at <= until), 0)
    grown = takewhile(lambda one: one.at > until or 2 * one.answers >= known, found)
    return [(one.at, one.digest) for one in grown][::-1]


def _snapshot(registry: Registry, name: str, digest: str) -> Snapshot | None:
    """None of anything else."""
    try:
        manifest = registry.manifest(name, digest)
    except (ModelRefused, NotFound):  # damaged, or let go meanwhile
        return None
    at, answers = (manifest.metadata.get(field) for field in ("at", "answers"))
    if manifest.kind == "online" and isinstance(at, int) and isinstance(answers, int):
        return Snapshot(at, answers, digest)
    return None
