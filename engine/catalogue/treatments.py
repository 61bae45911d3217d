"""An action's content in one placement, and how it is filled in for one customer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from engine.catalogue.source import Path
from engine.catalogue.template_trees import NAMES
from engine.catalogue.templates import Looked, Shown, Text
from engine.domain import Facts, Value
from engine.rules.fitting import fitting
from engine.rules.scalar import Evaluation
from engine.rules.scope import Attribute, Scope
from engine.rules.types import DURATION, TIMESTAMP, Type

Content = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Treatment:
    """An action's content in one placement; `filled` is None where nothing is filled in."""

    id: str
    content: Content
    filled: Mapping[str, Text] | None
    scope: Scope

    def render(self, facts: Facts, evaluation: Evaluation) -> Content:
        """The content for this customer, now; static content is the same object every time.

        Raises templates.RenderFailed when a template fails on this customer's facts.
        """
        if self.filled is None:
            return self.content
        rendered: Content = _fill(self.content, self.filled, _Names(facts, evaluation, self.scope))
        return rendered


def texts(content: Any, at: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text in `content`, however deep, with its path."""
    if isinstance(content, str):
        yield at, content
    elif isinstance(content, dict):
        for key, value in content.items():
            yield from texts(value, (*at, key))
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from texts(value, (*at, index))


def _fill(content: Any, filled: Mapping[str, Text], names: Mapping[str, Any]) -> Any:
    if isinstance(content, str):
        text = filled.get(content)
        return content if text is None else text.render(names)
    if isinstance(content, dict):
        return {key: _fill(value, filled, names) for key, value in content.items()}
    if isinstance(content, list):
        return [_fill(value, filled, names) for value in content]
    return content


class _Names(Mapping[str, Any]):
    """The variables of a rendering, each made as it is asked for: few templates ask for most.

    Defaults are filled in, and times made of milliseconds.
    """

    def __init__(self, facts: Facts, evaluation: Evaluation, scope: Scope) -> None:
        self._facts = facts
        self._evaluation = evaluation
        self._scope = scope

    def __getitem__(self, root: str) -> Looked | datetime:
        facts, scope = self._facts, self._scope
        match root:
            case "customer":
                return Looked(partial(_shown, facts.customer, scope.customer))
            case "context":
                return Looked(partial(_shown, facts.context, scope.context))
            case "segment":
                return Looked(self._evaluation.segments.__getitem__)
            case "table":
                return Looked(self._table)
            case "now":
                return datetime.fromtimestamp(facts.now / 1000, UTC)
        raise KeyError(root)

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)

    def _table(self, name: str) -> Shown:
        return _moment(self._evaluation.tables[name], self._scope.tables[name])


def _shown(values: Mapping[str, Value], declared: Mapping[str, Attribute], name: str) -> Shown:
    attribute = declared[name]
    value = fitting(values.get(name), attribute.type, attribute.default)
    return _moment(value, attribute.type)


def _moment(value: Value | None, kind: Type) -> Shown:
    """Times and durations as templates like them; anything else as it is."""
    if isinstance(value, int):
        if kind == TIMESTAMP:
            return datetime.fromtimestamp(value / 1000, UTC)
        if kind == DURATION:
            return timedelta(milliseconds=value)
    return value
