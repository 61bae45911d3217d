"""Faults as they are found: where they stand in which file, and the nearest right name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from engine.catalogue.source import Document, Path
from engine.errors import Fault
from engine.rules.faults import nearest as closest

Spec = TypeVar("Spec")


@dataclass(frozen=True, slots=True)
class Located(Generic[Spec]):
    """Something read from a file, with its place there.

    `lost` are the keys that did not fit and were left out, or `*` where an unknown key may
    have been meant to be any: what misses them says nothing about it.
    """

    document: Document
    path: Path
    spec: Spec
    lost: frozenset[str] = frozenset()

    def lacks(self, *keys: str) -> bool:
        """Whether the absence of one of `keys` may be a mistake that has been reported."""
        return "*" in self.lost or not self.lost.isdisjoint(keys)

    @property
    def where(self) -> str:
        """`file:line`, for hints that point at something else."""
        return f"{self.document.file}:{self.document.line(self.path)}"


class Faults:
    """Everything found wrong with a catalogue, and what its author might want to know."""

    def __init__(self) -> None:
        self.found: list[Fault] = []
        self.warnings: list[Fault] = []

    def add(self, at: Located[Spec], path: Path, what: str, hint: str = "") -> None:
        """A fault at `path` below what `at` locates; it refuses the catalogue."""
        self.found.append(_fault(at, path, what, hint))

    def warn(self, at: Located[Spec], path: Path, what: str, hint: str = "") -> None:
        """Something that may well be meant, but should be known."""
        self.warnings.append(_fault(at, path, what, hint))

    def unknown(
        self, at: Located[Spec], path: Path, kind: str, name: str, known: Iterable[str]
    ) -> None:
        """A name that stands for nothing."""
        self.add(at, path, f"unknown {kind} `{name}`", nearest(name, known))


def nearest(name: str, known: Iterable[str]) -> str:
    """What `name` may have been meant to be, as a hint; the whole choice when it is short."""
    names = sorted(known)
    if not names:
        return "there is none"
    return closest(name, names) or (f"there is {', '.join(names)}" if len(names) <= 8 else "")


def _fault(at: Located[Spec], path: Path, what: str, hint: str) -> Fault:
    line = at.document.line(at.path + path)
    return Fault(at.document.file, line, what, hint)
