"""All files of a catalogue to one set of located parts; every fault of shape on the way.

What does not fit is left out of what is compiled, but its name stays known, so that one
mistake is reported once and not again wherever its name is used. What is left of it is kept to
be looked at: one mistake hides no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from engine.catalogue import shape
from engine.catalogue.csv_source import read_csv
from engine.catalogue.faults import Faults, Located
from engine.catalogue.salvage import lost, salvaged
from engine.catalogue.source import Document, NotReadable, Path
from engine.catalogue.wording import Misfit, misfits, unknown_key
from engine.catalogue.yaml_source import read_yaml

T = TypeVar("T")

_NAMED: Mapping[Path, tuple[Any, Any]] = {
    ("schema", "attributes"): (shape.Name, shape.AttributeSpec),
    ("schema", "context"): (shape.Name, shape.AttributeSpec),
    ("segments",): (shape.Name, shape.Text),
    ("tables",): (shape.Name, shape.TableSpec),
    ("groups",): (shape.Id, shape.GroupSpec),
    ("events",): (shape.Text, shape.EventSpec),
    ("features",): (shape.Id, shape.FeatureSpec),
}
_LISTED: Mapping[Path, Any] = {
    ("schema", "identities"): shape.Name,
    ("schema", "purposes"): shape.Name,
    ("actions",): shape.ActionSpec,
    ("contact",): shape.ContactSpec,
    ("placements",): shape.PlacementSpec,
    ("tests",): shape.TestSpec,
}
_TOP = tuple(field.name for field in msgspec.structs.fields(shape.CatalogueSpec))
_SCHEMA = tuple(field.name for field in msgspec.structs.fields(shape.SchemaSpec))


@dataclass(slots=True)
class Section:
    """Parts of one kind by name, in the order of files and lines.

    `remains` are parts that stand for nothing, since they lack what such a part needs or have
    no name of their own: all that they are good for is to find what else is wrong with them.
    """

    parts: dict[str, Located[Any]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    remains: list[Located[Any]] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """Every name declared, also of parts that do not fit."""
        return self.parts.keys() | self.broken

    @property
    def written(self) -> list[Located[Any]]:
        """Every part there is anything to say of, those that stand for nothing last."""
        return [*self.parts.values(), *self.remains]


@dataclass(slots=True)
class Reading:
    """A catalogue as written: sections by path, the strategies, and the files themselves."""

    sections: dict[Path, Section] = field(default_factory=dict)
    strategies: list[Located[shape.StrategySpec]] = field(default_factory=list)
    documents: dict[str, Document] = field(default_factory=dict)
    complete: bool = True

    def section(self, *path: str) -> Section:
        """The parts under that top-level key, or key of `schema`."""
        return self.sections.setdefault(path, Section())


def is_catalogue_file(name: str) -> bool:
    """Whether a file of that name belongs to a catalogue: YAML, or a table's CSV."""
    return name.endswith((".yaml", ".yml", ".csv"))


def read(files: Mapping[str, bytes], faults: Faults) -> Reading:
    """The catalogue in `files` (name to content), other files left alone."""
    reading = Reading()
    for name in sorted(filter(is_catalogue_file, files)):
        reader = read_csv if name.endswith(".csv") else read_yaml
        try:
            document = reader(name, files[name])
        except NotReadable as error:
            faults.found.append(error.fault)
            reading.complete = False
            continue
        reading.documents[name] = document
        faults.found.extend(document.faults)
        if reader is read_yaml:
            _Reader(document, reading, faults).read()
    return reading


class _Reader:
    """Takes one YAML file apart."""

    def __init__(self, document: Document, reading: Reading, faults: Faults) -> None:
        self._document = document
        self._reading = reading
        self._faults = faults

    def read(self) -> None:
        if self._document.value is None:
            return
        top = self._mapping((), self._document.value, _TOP)
        self._mapping(("schema",), top.get("schema"), _SCHEMA)
        for path, (key, kind) in _NAMED.items():
            self._named(path, key, kind)
        for path, kind in _LISTED.items():
            self._listed(path, kind)
        strategy = top.get("strategy")
        if strategy is not None:
            part = self._part(("strategy",), strategy, shape.StrategySpec)
            if part is not None:
                self._reading.strategies.append(part)

    def _mapping(self, path: Path, value: Any, known: tuple[str, ...]) -> dict[str, Any]:
        """`value` when it is a mapping; keys that are not `known` are faults."""
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._report(path, [Misfit((), f"{_title(path)} must be a mapping")])
            return {}
        odd = [unknown_key((), key, dict.fromkeys(known)) for key in value if key not in known]
        self._report(path, odd)
        return value

    def _value(self, path: Path) -> Any:
        value = self._document.value
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        return value

    def _named(self, path: Path, key_type: Any, kind: Any) -> None:
        value = self._value(path)
        if value is None:
            return
        if not isinstance(value, dict):
            self._report(path, [Misfit((), f"{_title(path)} must be a mapping of names")])
            return
        for name, raw in value.items():
            at = (*path, name)
            good = self._part(at, name, key_type) is not None
            self._keep(path, name, self._part(at, raw, kind), good and kind)

    def _listed(self, path: Path, kind: Any) -> None:
        value = self._value(path)
        if value is None:
            return
        if not isinstance(value, list):
            self._report(path, [Misfit((), f"{_title(path)} must be a list")])
            return
        for index, raw in enumerate(value):
            at = (*path, index)
            self._keep(path, _name(raw), self._part(at, raw, kind), kind)

    def _keep(self, path: Path, name: str | None, located: Located[Any] | None, kind: Any) -> None:
        """Put a part where it belongs; `kind` is what it should be, False when its name is none."""
        section = self._reading.section(*map(str, path))
        if name is None or located is None or not kind or _wanting(located, kind):
            section.broken.update(() if name is None else [name])
        elif (first := section.parts.get(name)) is not None:
            self._faults.add(located, (), f"`{name}` is given twice", f"first at {first.where}")
        else:
            section.parts[name] = located
            return
        section.remains.extend(() if located is None else [located])

    def _part(self, path: Path, raw: Any, kind: Any) -> Located[Any] | None:
        """What `raw` is as a `kind`, without what does not fit; None when nothing is left."""
        try:
            return Located(self._document, path, msgspec.convert(raw, kind))
        except msgspec.ValidationError as error:
            found = misfits(raw, kind, error)
        self._report(path, found)
        spec = salvaged(raw, kind, found)
        return spec and Located(self._document, path, spec, frozenset(map(lost, found)))

    def _report(self, path: Path, found: list[Misfit]) -> None:
        at = Located(self._document, path, None)
        for misfit in found:
            self._faults.add(at, misfit.path, misfit.what, misfit.hint)


def _name(raw: Any) -> str | None:
    """What a list's part is called: its id, a test's name, or the word itself."""
    name = raw.get("id", raw.get("name")) if isinstance(raw, dict) else raw
    return name if isinstance(name, str) else None


def _wanting(located: Located[Any], kind: Any) -> bool:
    """Whether something is lost that a part of that kind cannot do without."""
    return bool(located.lost) and any(
        one.required and (one.encode_name,) in located.lost for one in msgspec.structs.fields(kind)
    )


def _title(path: Path) -> str:
    return f"`{path[-1]}`" if path else "the file"
