"""All conditions and expressions of a catalogue, each distinct one once, numbered."""

from __future__ import annotations

from typing import Any

from engine.catalogue.declared import broken_names
from engine.catalogue.faults import Faults, Located
from engine.catalogue.reading import Reading
from engine.catalogue.source import Path
from engine.rules.faults import LanguageFaults
from engine.rules.language import check
from engine.rules.scope import Condition, Scope
from engine.rules.types import BOOL, DOUBLE, Type


class Conditions:
    """Checks texts against a scope and numbers what they mean; equal meanings share a number.

    `conditions` are true or false, `values` are numbers; `reads` is all that anything looks at.
    """

    def __init__(self, reading: Reading, scope: Scope, faults: Faults) -> None:
        self.scope = scope
        self.conditions: list[Condition] = []
        self.values: list[Condition] = []
        self.reads: set[tuple[str, str]] = set()
        self._faults = faults
        self._broken = broken_names(reading)
        self._numbers: dict[str, int] = {}
        self._value_numbers: dict[str, int] = {}

    @property
    def asked(self) -> frozenset[tuple[str, str]]:
        """The attributes that anything looks at, but for those with a default."""
        return frozenset(
            (root, name)
            for root, name in self.reads
            if root in ("customer", "context") and self.scope.attribute(root, name).default is None
        )

    def condition(self, at: Located[Any], path: Path, text: str) -> int | None:
        """The number of the condition `text`; None when it is at fault, which is then reported."""
        checked = self.check(at, path, text)
        return None if checked is None else _number(checked, self._numbers, self.conditions)

    def value(self, at: Located[Any], path: Path, text: str) -> int | None:
        """The number of the value `text`, an expression that gives a number."""
        checked = self.check(at, path, text, DOUBLE)
        return None if checked is None else _number(checked, self._value_numbers, self.values)

    def check(
        self, at: Located[Any], path: Path, text: str, expect: Type | None = BOOL
    ) -> Condition | None:
        """`text` checked to be of type `expect` (None: any); None when it is at fault."""
        try:
            checked = check(text, self.scope, expect)
        except LanguageFaults as error:
            if not self.is_broken(text):
                self._report(at, path, text, error)
            return None
        self.reads |= checked.reads
        return checked

    def _report(self, at: Located[Any], path: Path, text: str, error: LanguageFaults) -> None:
        for fault in error.faults:
            what = f"{fault.what}, at column {fault.column} of `{_shown(text)}`"
            self._faults.add(at, path, what, fault.hint)

    def is_broken(self, text: str) -> bool:
        """Whether `text` names a declaration that is itself at fault, and so can't be judged."""
        return self._broken is not None and self._broken.search(text) is not None


def _number(checked: Condition, numbers: dict[str, int], known: list[Condition]) -> int:
    number = numbers.setdefault(checked.key, len(known))
    if number == len(known):
        known.append(checked)
    return number


def _shown(text: str) -> str:
    return text if len(text) <= 120 else text[:117] + "…"
