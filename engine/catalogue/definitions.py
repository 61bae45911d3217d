"""Segments and decision tables: what conditions may build on."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

from engine.catalogue.conditions import Conditions
from engine.catalogue.faults import Faults, Located, nearest
from engine.catalogue.reading import Reading
from engine.catalogue.shape import TableSpec
from engine.rules.scalar import Definition
from engine.rules.table_checker import TableFault, TableFaults, check_table
from engine.rules.tables import DecisionTable

Name = tuple[str, str]


class Rows(NamedTuple):
    """A table's rows, and where they stand: item `first` of what is located is the first."""

    at: Located[Any]
    rows: Sequence[Sequence[object]]
    first: int


def compile_definitions(
    reading: Reading, conditions: Conditions, faults: Faults
) -> list[Definition]:
    """Every segment and table; one that depends on itself is a fault."""
    found: dict[Name, tuple[Definition, Located[Any]]] = {}
    for located in reading.section("segments").written:
        name, segment = str(located.path[-1]), conditions.check(located, (), located.spec)
        if segment is not None:
            found.setdefault(("segment", name), (Definition("segment", name, segment), located))
    used: set[str] = set()
    for located in reading.section("tables").written:
        table = _Table(located, reading, conditions, faults).checked(used)
        if table is not None:
            name = str(located.path[-1])
            conditions.reads |= table.reads
            found.setdefault(("table", name), (Definition("table", name, table), located))
    _warn_unused(used, reading, faults)
    _check_circles(found, faults)
    return [definition for definition, _ in found.values()]


class _Table:
    """One table, with its rows from wherever they are."""

    def __init__(
        self, at: Located[TableSpec], reading: Reading, conditions: Conditions, faults: Faults
    ) -> None:
        self._at = at
        self._reading = reading
        self._conditions = conditions
        self._faults = faults

    def checked(self, used: set[str]) -> DecisionTable | None:
        """The table, or None when it is at fault; `used` gathers the files rows come from."""
        spec = self._at.spec
        if isinstance(spec.rows, str):
            used.add(spec.rows)
        read = self._rows()
        rows = read or Rows(self._at, (), 0)
        try:
            table = check_table(
                spec.hit, spec.inputs, spec.output, rows.rows, self._conditions.scope
            )
        except TableFaults as error:
            for fault in error.faults:
                self._report(fault, rows)
            return None
        return read and table

    def _rows(self) -> Rows | None:
        """The rows; None where there are none, or they cannot be read without the inputs."""
        given = self._at.spec.rows
        if not isinstance(given, str):
            lacking = self._at.hides(("inputs",))
            return None if lacking else Rows(self._at.below("rows"), given, 0)
        files = [name for name in self._reading.documents if name.endswith(".csv")]
        if given not in files:
            self._faults.add(
                self._at, ("rows",), f"there is no file `{given}`", nearest(given, files)
            )
            return None
        if self._at.spoilt("inputs"):
            return None
        document = self._reading.documents[given]
        at = Located(document, (), None)
        if not document.value or document.value[0][:-1] != self._at.spec.inputs:
            heading = ", ".join([*self._at.spec.inputs, str(self._at.path[-1])])
            self._faults.add(at, (0,), "the first row must be the heading", f"write {heading}")
            return None
        return Rows(at, document.value[1:], 1)

    def _report(self, fault: TableFault, rows: Rows) -> None:
        spec = self._at.spec
        if fault.row:
            what = f"column {fault.column}: {fault.what}"
            path = (rows.first + fault.row - 1, fault.column - 1)
            self._faults.add(rows.at, path, what, fault.hint)
        elif fault.column > len(spec.inputs):
            self._faults.add(self._at, ("output",), fault.what, fault.hint)
        elif not self._conditions.is_broken(spec.inputs[fault.column - 1]):
            self._faults.add(self._at, ("inputs", fault.column - 1), fault.what, fault.hint)


def _warn_unused(used: set[str], reading: Reading, faults: Faults) -> None:
    for name, document in reading.documents.items():
        if name.endswith(".csv") and name not in used:
            faults.warn(Located(document, (), None), (), "no table takes its rows from this file")


def _check_circles(found: dict[Name, tuple[Definition, Located[Any]]], faults: Faults) -> None:
    """Report each circle of definitions once, at the first of it by name."""
    graph = {
        name: sorted(read for read in definition.body.reads if read in found)
        for name, (definition, _) in found.items()
    }
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle: list[Name] = error.args[1][1:]
        else:
            return
        start = min(circle)
        at = circle.index(start)
        around = " → ".join(".".join(name) for name in (*circle[at:], *circle[:at], start))
        faults.add(found[start][1], (), f"this depends on itself: {around}", "break the circle")
        graph[start] = []
