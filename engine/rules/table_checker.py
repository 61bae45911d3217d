"""Decision tables checked: every input, cell and output, by row and column.

All faults of a table are found in one pass.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, get_args

from engine.domain import Value
from engine.errors import TellerError
from engine.rules.faults import LanguageFaults, among
from engine.rules.language import Condition, Scope, check, parse_type
from engine.rules.literals import literal
from engine.rules.tables import DecisionTable, Hit, Row
from engine.rules.types import BOOL, Node, Type, list_of
from engine.spelling import meant

_CELL = re.compile(r"(==|!=|<=|>=|<|>)?\s*(.*)", re.DOTALL)


class TableFault(NamedTuple):
    """One thing wrong with a table. `row` and `column` count from 1; row 0 is its heading."""

    row: int
    column: int
    what: str
    hint: str = ""


class TableFaults(TellerError):
    """A table that cannot be used; `faults` holds every reason, by row and column."""

    def __init__(self, faults: Sequence[TableFault]) -> None:
        self.faults = sorted(faults)
        super().__init__(
            "; ".join(f"row {f.row}, column {f.column}: {f.what}" for f in self.faults)
        )


def check_table(
    hit: str,
    inputs: Sequence[str],
    output: str,
    rows: Sequence[Sequence[object]],
    scope: Scope,
) -> DecisionTable:
    """The table of those rows (one cell an input, then the output).

    Raises TableFaults with everything that is wrong.
    """
    return _Checker(scope).table(hit, inputs, output, rows)


class _Checker:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.faults: list[TableFault] = []

    def table(
        self, hit: str, inputs: Sequence[str], output: str, rows: Sequence[Sequence[object]]
    ) -> DecisionTable:
        conditions = [self.input(column, text) for column, text in enumerate(inputs, 1)]
        type = self.output(output, len(inputs) + 1)
        if hit not in get_args(Hit):
            hint = meant(hit, get_args(Hit)) or "unique, first or collect"
            self.faults.append(TableFault(0, 1, f"there is no hit policy {hit!r}", hint))
        checked = [self.row(index, row, conditions, type) for index, row in enumerate(rows, 1)]
        if self.faults or type is None:
            raise TableFaults(self.faults)
        return DecisionTable(
            next(word for word in get_args(Hit) if word == hit),
            tuple(condition for condition in conditions if condition is not None),
            list_of(type) if hit == "collect" else type,
            tuple(row for row in checked if row is not None),
        )

    def input(self, column: int, text: str) -> Condition | None:
        try:
            condition = check(text, self.scope, None)
        except LanguageFaults as faults:
            self.faults += [
                TableFault(0, column, fault.what, fault.hint) for fault in faults.faults
            ]
            return None
        if condition.type.name == "list":
            hint = "make the question a segment, such as 'x' in customer.tags"
            self.faults.append(TableFault(0, column, "an input must not be a list", hint))
            return None
        return condition

    def output(self, text: str, column: int) -> Type | None:
        try:
            type = parse_type(text)
        except ValueError as error:
            self.faults.append(TableFault(0, column, str(error)))
            return None
        if type.name == "list":
            self.faults.append(TableFault(0, column, "an output must not be a list"))
            return None
        return type

    def row(
        self,
        index: int,
        row: Sequence[object],
        inputs: Sequence[Condition | None],
        type: Type | None,
    ) -> Row | None:
        if len(row) != len(inputs) + 1:
            what = f"a row has {len(inputs) + 1} cells (inputs, then the output), not {len(row)}"
            self.faults.append(TableFault(index, 1, what))
            return None
        tests = [
            self.cell(index, at, cell, condition)
            for at, (cell, condition) in enumerate(zip(row, inputs, strict=False))
        ]
        value = None if type is None else self.literal(index, len(row), row[-1], type)
        return None if value is None else Row(_all([t for t in tests if t is not None]), value)

    def cell(self, row: int, at: int, cell: object, condition: Condition | None) -> Node | None:
        """The test of a cell; None where it asks nothing, or is at fault."""
        if condition is None or cell == "-":
            return None
        match = _CELL.fullmatch(cell) if isinstance(cell, str) else None
        op, text = (match[1] or "==", match[2]) if match else ("==", cell)
        value = self.literal(row, at + 1, text, condition.type)
        if value is None:
            return None
        self.known_value(row, at + 1, condition, value)
        partial = condition.tree.partial
        local = Node("local", condition.type, 0, value=f"input{at}", partial=partial)
        literal = Node("literal", condition.type, 0, value=value)
        return Node(op, BOOL, 0, (local, literal), partial=partial)

    def literal(self, row: int, column: int, cell: object, type: Type) -> Value | None:
        try:
            return literal(cell, type)
        except ValueError as error:
            self.faults.append(TableFault(row, column, str(error)))
            return None

    def known_value(self, row: int, column: int, condition: Condition, value: Value) -> None:
        enum = self.scope.enum(condition.tree)
        if enum is not None and value not in enum:
            what = f"{condition.text} is never {value!r}"
            self.faults.append(TableFault(row, column, what, among(value, enum)))


def _all(tests: Sequence[Node]) -> Node:
    if not tests:
        return Node("literal", BOOL, 0, value=True)
    partial = any(test.partial for test in tests)
    return tests[0] if len(tests) == 1 else Node("&&", BOOL, 0, tuple(tests), partial=partial)
