"""The OpenAPI 3.1 document, made of the same marshmallow schemas that refuse bad bodies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from engine.wire import (
    catalogues,
    customers,
    decisions,
    health,
    identities,
    interactions,
    models,
    privacy,
    replies,
    segment,
    timeline,
)
from engine.wire.problems import CONTENT_TYPE, ProblemSchema

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
    "Idempotency-Key": "The same as `request_id`.",
    "Sec-GPC": "`1`: no model and no feature of the customer is used for this request.",
}
_UNPROVEN = (
    "The store is away or lost its memory, or the customer keeps changing or being merged "
    "(`contention`); ask again after `Retry-After` seconds, until there is a proof."
)
_NOT_HEARD = (
    "Not a batch as we take it; or an opt-out that cannot be taken. `errors` points at each such "
    "event: it is set aside, the others are in."
)
_UNCONFIRMED = (
    "The store is away or lost its memory, a customer keeps changing (`contention`), or no replica "
    "confirmed an opt-out; send all of it again after `Retry-After` seconds, which is harmless."
)
_NOT_LET_IN = (
    "The gate does not let the version in (`not-let-in`), and nothing has changed. There is no "
    "verdict on it under that alias, or it has let in once before, or it refuses, or it is of "
    "another champion or catalogue, or over a day old: `errors` has every reason."
)


class Operation(NamedTuple):
    """One call: what it does, what it takes, what it answers, and how it can fail: `says` where
    that means more here than elsewhere."""

    method: str
    path: str
    name: str
    summary: str
    answers: type[Schema] | str
    takes: type[Schema] | None = None
    fails: tuple[int, ...] = ()
    open: bool = False
    headers: tuple[str, ...] = ()
    writes: bool = False
    query: tuple[str, ...] = ()
    says: Mapping[int, str] = {}


OPERATIONS = (
    Operation(
        "post", "/v1/decisions", "decide", "Decide for one customer, in one channel",
        replies.DecisionSchema, decisions.DecisionRequestSchema, (400, 409, 413, 422),
        headers=("Idempotency-Key", "Sec-GPC"),
    ),
    Operation(
        "get", "/v1/decisions/{decision_id}", "getDecision",
        "A stored decision, every candidate with its reason",
        replies.DecisionViewSchema, fails=(404, 503),
    ),
    Operation(
        "post", "/v1/decisions/{decision_id}/replay", "replayDecision",
        "Decide again from the record, and compare",
        replies.ReplaySchema, fails=(404, 503),
    ),
    Operation(
        "post", "/v1/interactions", "sendInteractions",
        "Tell what happened: outcomes of decisions, calls, letters, visits",
        interactions.InteractionsReplySchema, interactions.InteractionsSchema,
        (400, 413, 422, 503), says={503: _UNCONFIRMED},
    ),
    Operation(
        "get", "/v1/customers/{customer_id}", "getCustomer", "What we hold of a customer",
        customers.CustomerDocumentSchema, fails=(404, 422, 503),
    ),
    Operation(
        "patch", "/v1/customers/{customer_id}", "changeCustomer",
        "Change attributes and consent; creates the customer when unknown",
        customers.CustomerDocumentSchema, customers.CustomerPatchSchema, (400, 413, 422, 503),
        says={503: _UNCONFIRMED},
    ),
    Operation(
        "get", "/v1/customers/{customer_id}/export", "exportCustomer",
        "Everything held of a customer, readable by machines",
        privacy.ExportSchema, fails=(404, 422, 503),
    ),
    Operation(
        "delete", "/v1/customers/{customer_id}", "eraseCustomer",
        "Erase a customer everywhere; answers the proof, and the same one when asked again",
        privacy.ProofSchema, fails=(422, 503), says={503: _UNPROVEN},
    ),
    *(
        Operation(
            "post", path, path.removeprefix("/v1/"), f"Events of Segment's SDKs: {call}",
            segment.EventsTakenSchema,
            segment.EventBatchSchema if call == segment.BATCH else segment.EventSchema,
            (400, 413, 422, 503), writes=True, says={422: _NOT_HEARD, 503: _UNCONFIRMED},
        )
        for path, call in segment.ROUTES.items()
    ),
    Operation(
        "get", "/v1/projects/{write_key}/settings", "sourceSettings",
        "What analytics.js asks for before it starts", segment.SourceSettingsSchema,
        fails=(404,), open=True,
    ),
    Operation(
        "get", "/v1/customers", "findCustomer", "The customer an identity names",
        customers.CustomerDocumentSchema, fails=(404, 409, 422, 503), query=("identity",),
    ),
    Operation(
        "post", "/v1/customers/{customer_id}/identities", "linkIdentity",
        "Link an identity; merges when it names another customer",
        customers.CustomerDocumentSchema, identities.LinkSchema, (400, 409, 413, 422, 503),
    ),
    Operation(
        "get", "/v1/identities/shared", "sharedIdentities",
        "The identities set apart because too many customers share them",
        identities.SharedSchema, fails=(503,),
    ),
    Operation(
        "get", "/v1/customers/{customer_id}/timeline", "getTimeline",
        "A customer's history: contacts by channel, with answers; changes; newest first, paged",
        timeline.TimelineSchema, fails=(404, 422, 503), query=("cursor?", "limit?"),
    ),
    Operation(
        "get", "/v1/catalogue", "getCatalogue", "The catalogue that serves now",
        catalogues.CatalogueSchema,
    ),
    Operation(
        "post", "/v1/catalogue/check", "checkCatalogue", "Check a draft: all its faults at once",
        catalogues.CheckSchema, catalogues.DraftSchema, (400, 413, 422),
    ),
    Operation(
        "get", "/v1/models", "getModels", "Models, their versions and aliases",
        models.ModelsSchema,
    ),
    Operation(
        "post", "/v1/models/{name}/promote", "promoteModel",
        "Have a version serve that the gate has let through (`teller promote --judge-only`)",
        models.PromotedSchema, models.PromotionSchema, (400, 404, 409, 413, 422, 503),
        says={409: _NOT_LET_IN},
    ),
    Operation(
        "post", "/v1/models/{name}/rollback", "rollBackModel",
        "The champion before for everyone; a challenge ends",
        models.ModelsSchema, fails=(404, 503),
    ),
    Operation(
        "get", "/healthz", "alive", "The process is alive", health.HealthSchema, open=True
    ),
    Operation(
        "get", "/readyz", "ready", "Able to decide, or why not (503)", health.ReadySchema, open=True
    ),
    Operation("get", "/metrics", "metrics", "Prometheus metrics", "text/plain", open=True),
    Operation("get", "/openapi.json", "openapi", "This document", "application/json", open=True),
    Operation("get", "/docs", "docs", "The documentation", "text/html", open=True),
    Operation(
        "get", "/docs/{page}", "docsPage", "A page of the documentation", "text/html",
        fails=(404,), open=True,
    ),
)  # fmt: skip


def document(version: str) -> dict[str, Any]:
    """The whole document, as plain JSON values."""
    spec = APISpec(
        title="Teller",
        version=version,
        openapi_version="3.1.0",
        plugins=[MarshmallowPlugin(schema_name_resolver=_name)],
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
    spec.components.schema("Problem", schema=ProblemSchema)
    spec.components.schema("Consent", schema=customers.ConsentSchema)
    for operation in OPERATIONS:
        spec.path(operation.path, operations={operation.method: _operation(operation)})
    whole: dict[str, Any] = spec.to_dict()
    return whole


def _operation(operation: Operation) -> dict[str, Any]:
    keys = () if operation.open else (401,) if operation.writes else (401, 403)
    fails = (*keys, *operation.fails)
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": _parameters(operation),
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
    content = {"application/json": {"schema": answers}}
    return {"description": operation.summary, "content": content}


def _problem(code: int, says: Mapping[int, str]) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": says.get(code, _PROBLEMS[code]),
        "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if code == 503:
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return answer


def _parameters(operation: Operation) -> list[Mapping[str, Any]]:
    parameters: list[Mapping[str, Any]] = [
        {"in": "path", "name": part[1:-1], "required": True, "schema": {"type": "string"}}
        for part in operation.path.split("/")
        if part.startswith("{")
    ]
    parameters += [
        {
            "in": "query",
            "name": name.removesuffix("?"),
            "required": not name.endswith("?"),
            "schema": {"type": "string"},
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
