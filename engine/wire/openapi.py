"""The OpenAPI 3.1 document, made of the same marshmallow schemas that refuse bad bodies and the
same structs that are answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields
from msgspec import Struct

from engine.wire import customers, timeline
from engine.wire.described import components, place_of
from engine.wire.fields import WholeField, one_to
from engine.wire.identities import CustomerIdField, IdentityField
from engine.wire.operations import OPERATIONS, Operation
from engine.wire.problems import CONTENT_TYPE, ProblemDocument

_PROBLEMS = {
    400: "Not JSON as we take it.",
    401: "No key, or not one of ours.",
    403: "A key that may not do this.",
    404: "There is no such thing.",
    409: "This request id was used before, with another body; or too many share this identity; or "
    "this customer has as much of something as one may (`customer-full`).",
    413: "Over the limit, 1 MiB where no other is set.",
    422: "A field is wrong; `errors` points at each.",
    503: "The store is away or lost its memory, or what is asked for keeps changing "
    "(`contention`); try again after `Retry-After` seconds. Nothing was acknowledged.",
}
_HEADERS = {
    "Idempotency-Key": "The same as `request_id`, in ASCII.",
    "Sec-GPC": "`1`: no model and no feature of the customer is used for this request.",
}
_PARAMETERS: Mapping[str, fields.Field[Any]] = {
    "customer_id": CustomerIdField(),
    "identity": IdentityField(),
    "limit": WholeField(validate=one_to(timeline.MOST)),
}
_ONE = {"minProperties": 1, "maxProperties": 1}


class _Converter(OpenAPIConverter):
    """Patterns as JSON Schema writes them: ECMA-262 knows neither `\\A` nor `\\Z`, and its `$`
    is the very end."""

    def field2property(self, field: fields.Field[Any]) -> dict[str, Any]:
        told: dict[str, Any] = super().field2property(field)
        if "pattern" in told:
            told["pattern"] = told["pattern"].replace(r"\A", "^").replace(r"\Z", "$")
        return told


class _Plugin(MarshmallowPlugin):
    Converter = _Converter


def document(version: str) -> dict[str, Any]:
    """The whole document, as plain JSON values."""
    plugin = _Plugin(schema_name_resolver=_name)
    spec = _begun(version, plugin)
    converter = plugin.converter
    assert converter is not None  # noqa: S101 - it is there once the plugin has its document
    answered = [reply for one in OPERATIONS if (reply := _struct(one.answers))]
    for name, told in components([ProblemDocument, *answered]).items():
        spec.components.schema(name, told)
    spec.components.schema("Consent", schema=customers.ConsentSchema)
    for operation in OPERATIONS:
        described = _operation(operation, converter)
        spec.path(operation.path, operations={operation.method: described})
    whole: dict[str, Any] = spec.to_dict()
    whole["components"]["schemas"]["Customer"] |= _ONE  # by id or by identity
    return whole


def _begun(version: str, plugin: _Plugin) -> APISpec:
    """What it says of all calls: what this is, and the keys."""
    spec = APISpec(
        title="Teller",
        version=version,
        openapi_version="3.1.0",
        plugins=[plugin],
        info={
            "description": "Chooses the next best offer, message or service for one customer. "
            "Errors are RFC 9457 problem documents; every reply carries X-Request-Id and "
            "Server-Timing.",
        },
        security=[{"secretKey": []}],
        servers=[{"url": "/"}],
    )
    spec.components.security_scheme(
        "secretKey",
        {"type": "http", "scheme": "bearer", "description": "A secret key, `sk_…`."},
    )
    spec.components.security_scheme(
        "writeKey",
        {
            "type": "http",
            "scheme": "basic",
            "description": "A key as the user, no password; or `writeKey` in the body or query.",
        },
    )
    return spec


def _operation(operation: Operation, converter: OpenAPIConverter) -> dict[str, Any]:
    keys = () if operation.open else (401,) if operation.writes else (401, 403)
    fails = (*keys, *operation.fails)
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": _parameters(operation, converter),
        "responses": {
            "200": _answer(operation),
            **{str(code): _problem(code, operation.says) for code in fails},
        },
    }
    if operation.path == "/readyz":
        described["responses"]["503"] = _answer(operation)
    if operation.takes:
        content = {"application/json": {"schema": operation.takes}}
        described["requestBody"] = {"required": True, "content": content}
    if operation.open:
        described["security"] = []
    if operation.writes:
        described["security"] = [{"writeKey": []}]
    return described


def _answer(operation: Operation) -> dict[str, Any]:
    answers = operation.answers
    if isinstance(answers, str):
        return {"description": operation.summary, "content": {answers: {}}}
    reply = _struct(answers)
    schema = place_of(reply) if reply else answers
    content = {"application/json": {"schema": schema}}
    return {"description": operation.summary, "content": content}


def _struct(answers: type[Struct] | type[Schema] | str) -> type[Struct] | None:
    return answers if isinstance(answers, type) and issubclass(answers, Struct) else None


def _problem(code: int, says: Mapping[int, str]) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": says.get(code, _PROBLEMS[code]),
        "content": {CONTENT_TYPE: {"schema": place_of(ProblemDocument)}},
    }
    if code == 503:
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return answer


def _parameters(operation: Operation, converter: OpenAPIConverter) -> list[Mapping[str, Any]]:
    def told(name: str) -> dict[str, Any]:
        known: dict[str, Any] = converter.field2property(_PARAMETERS.get(name, fields.String()))
        return known

    parameters: list[Mapping[str, Any]] = [
        {"in": "path", "name": part[1:-1], "required": True, "schema": told(part[1:-1])}
        for part in operation.path.split("/")
        if part.startswith("{")
    ]
    parameters += [
        {
            "in": "query",
            "name": name.removesuffix("?"),
            "required": not name.endswith("?"),
            "schema": told(name.removesuffix("?")),
        }
        for name in operation.query
    ]
    parameters += [
        {"in": "header", "name": name, "schema": {"type": "string"}, "description": _HEADERS[name]}
        for name in operation.headers
    ]
    return parameters


def _name(schema: type[Schema] | Schema) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    return cls.__name__.removesuffix("Schema")
