"""Rows of a file to the bodies the HTTP interface takes: the same checks, the same words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import msgspec
from marshmallow import Schema

from engine.catalogue.cells import from_text, number, parsed
from engine.errors import InvalidRequest, Problem, Rejected
from engine.rules.scope import Attribute
from engine.wire.body import check, inspect
from engine.wire.customers import CustomerPatchBody, CustomerPatchSchema
from engine.wire.identities import check_customer_id
from engine.wire.one_interaction import InteractionBody, InteractionSchema, by_bot
from engine.wire.problems import nearest
from engine.wire.tables import Line

T = TypeVar("T")
Kind = Literal["customers", "consents", "interactions"]
SOURCE = "import"
CUSTOMER = "customer_id"
CONSENT = ("purpose", "status", "at", "source", "wording")
HAPPENED = tuple(name for name in InteractionSchema().fields if name != "customer")

_patch = CustomerPatchSchema()
_interaction = InteractionSchema()


class Reading:
    """Reads the rows of one file. `text`: every cell is text, and what it stands for is told by
    the schema's `attributes`."""

    def __init__(self, text: bool, attributes: Mapping[str, Attribute]) -> None:
        self._text = text
        self._attributes = attributes

    def customer(self, line: Line) -> tuple[str, CustomerPatchBody]:
        """Whose row it is, and the attributes it tells. Raises InvalidRequest."""
        customer_id = _customer_of(line)
        told = {name: cell for name, cell in line.cells.items() if name != CUSTOMER}
        attributes = {name: self._cell(name, cell) for name, cell in told.items()}
        return customer_id, _read({"attributes": attributes}, CustomerPatchBody, _patch)

    def consent(self, line: Line) -> tuple[str, CustomerPatchBody]:
        """Whose row it is, and what they said of one purpose. Raises InvalidRequest."""
        customer_id = _customer_of(line)
        said = _known(line, CONSENT)
        purpose = said.pop("purpose", None)
        if not isinstance(purpose, str):
            raise InvalidRequest([Problem("/purpose", "is required")])
        body = {"consent": {purpose: {"source": SOURCE, **said}}}
        return customer_id, _read(body, CustomerPatchBody, _patch)

    def interaction(self, line: Line) -> tuple[str, InteractionBody]:
        """Whose row it is, and what happened. Raises InvalidRequest; Rejected without an `at`, or
        where a bot did it."""
        customer_id = _customer_of(line)
        cells = _known(line, HAPPENED)
        if "at" not in cells:
            raise Rejected("at is required: when did it happen?")
        if self._text and "value" in cells:
            cells["value"] = number(cells["value"], float)
        if self._text and "properties" in cells:
            cells["properties"] = parsed(cells["properties"])
        body = {"customer": {"id": customer_id}, **cells}
        read = _read(body, InteractionBody, _interaction)
        if by_bot(read):
            raise Rejected("a bot did it, by its user_agent, so it does not count")
        return customer_id, read

    def _cell(self, name: str, cell: Any) -> Any:
        attribute = self._attributes.get(name)
        return from_text(cell, attribute.type) if self._text and attribute else cell


def _customer_of(line: Line) -> str:
    if line.fault:
        raise Rejected(line.fault)
    customer_id = line.cells.get(CUSTOMER)
    if customer_id is None:
        hint = nearest(CUSTOMER, list(line.cells))
        raise InvalidRequest([Problem(f"/{CUSTOMER}", f"is required{hint}")])
    if not isinstance(customer_id, str):
        raise InvalidRequest([Problem(f"/{CUSTOMER}", "must be text")])
    return check_customer_id(customer_id, CUSTOMER)


def _read(cells: Mapping[str, Any], shape: type[T], schema: Schema) -> T:
    """As the HTTP interface reads a body; the schema only says what is wrong."""
    inspect(cells)
    try:
        return msgspec.convert(cells, shape)
    except msgspec.ValidationError:
        return check(cells, shape, schema)


def _known(line: Line, columns: tuple[str, ...]) -> dict[str, Any]:
    """The cells but the customer's; raises InvalidRequest for a column there is not."""
    strange = [
        Problem(f"/{name}", f"is no column of this kind of file{nearest(name, columns)}")
        for name in line.cells
        if name not in (CUSTOMER, *columns)
    ]
    if strange:
        raise InvalidRequest(strange)
    return {name: cell for name, cell in line.cells.items() if name != CUSTOMER}
