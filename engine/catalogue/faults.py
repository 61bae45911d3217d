"""Faults as they are found: where they stand in which file, and the nearest right name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from engine.catalogue.source import Document, Path
from engine.errors import Fault
from engine.spelling import meant

Spec = TypeVar("Spec")


@dataclass(frozen=True, slots=True)
class Located(Generic[Spec]):
    """Something read from a file, with its place there.

    `lost` are the paths of what did not fit and was left out, with `*` for the last step where
    an unknown key may have been meant to be any: what misses them says nothing about it.
    """

    document: Document
    path: Path
    spec: Spec
    lost: frozenset[Path] = frozenset()

    def lacks(self, *path: str | int) -> bool:
        """Whether the absence of what `path` leads to may be a mistake that has been reported."""
        return self.hides(path) or any(
            one[-1] == "*" and one[:-1] == path[: len(one) - 1] for one in self.lost
        )

    def hides(self, path: Path) -> bool:
        """Whether what `path` leads to was left out: there is nothing else to say of it."""
        return any(one == path[: len(one)] for one in self.lost)

    def spoilt(self, key: str) -> bool:
        """Whether `key`, or anything inside it, was left out."""
        return any(one[0] == key for one in self.lost)

    def below(self, key: str) -> Located[None]:
        """What stands under `key`, to say what is wrong with it by paths of its own."""
        inside = frozenset(one[1:] for one in self.lost if one[0] == key and len(one) > 1)
        return Located(self.document, (*self.path, key), None, inside)

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
        """A fault at `path` below what `at` locates; it refuses the catalogue.

        Of what did not fit, and so was left out, the reading has told already.
        """
        if not at.hides(path):
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
    return meant(name, names) or (f"there is {', '.join(names)}" if len(names) <= 8 else "")


def _fault(at: Located[Spec], path: Path, what: str, hint: str) -> Fault:
    line = at.document.line(at.path + path)
    return Fault(at.document.file, line, what, hint)
