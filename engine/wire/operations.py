"""Every call of the HTTP interface: what it does, takes and answers, and how it can fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from marshmallow import Schema
from msgspec import Struct

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
    answers: type[Struct] | type[Schema] | str
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
        replies.DecisionReply, decisions.DecisionRequestSchema, (400, 409, 413, 422),
        headers=("Idempotency-Key", "Sec-GPC"),
    ),
    Operation(
        "get", "/v1/decisions/{decision_id}", "getDecision",
        "A stored decision, every candidate with its reason",
        replies.DecisionView, fails=(404, 503),
    ),
    Operation(
        "post", "/v1/decisions/{decision_id}/replay", "replayDecision",
        "Decide again from the record, and compare",
        replies.ReplayReply, fails=(404, 503),
    ),
    Operation(
        "post", "/v1/interactions", "sendInteractions",
        "Tell what happened: outcomes of decisions, calls, letters, visits",
        interactions.InteractionsReply, interactions.InteractionsSchema,
        (400, 413, 422, 503), says={503: _UNCONFIRMED},
    ),
    Operation(
        "get", "/v1/customers/{customer_id}", "getCustomer", "What we hold of a customer",
        customers.CustomerReply, fails=(404, 422, 503),
    ),
    Operation(
        "patch", "/v1/customers/{customer_id}", "changeCustomer",
        "Change attributes and consent; creates the customer when unknown",
        customers.CustomerReply, customers.CustomerPatchSchema, (400, 413, 422, 503),
        says={503: _UNCONFIRMED},
    ),
    Operation(
        "get", "/v1/customers/{customer_id}/export", "exportCustomer",
        "Everything held of a customer, readable by machines",
        privacy.ExportReply, fails=(404, 422, 503),
    ),
    Operation(
        "delete", "/v1/customers/{customer_id}", "eraseCustomer",
        "Erase a customer everywhere; answers the proof, and the same one when asked again",
        privacy.ProofReply, fails=(422, 503), says={503: _UNPROVEN},
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
        customers.CustomerReply, fails=(404, 409, 422, 503), query=("identity",),
    ),
    Operation(
        "post", "/v1/customers/{customer_id}/identities", "linkIdentity",
        "Link an identity; merges when it names another customer",
        customers.CustomerReply, identities.LinkSchema, (400, 409, 413, 422, 503),
    ),
    Operation(
        "get", "/v1/identities/shared", "sharedIdentities",
        "The identities set apart because too many customers share them",
        identities.SharedSchema, fails=(503,),
    ),
    Operation(
        "get", "/v1/customers/{customer_id}/timeline", "getTimeline",
        "A customer's history: contacts by channel, with answers; changes; newest first, paged",
        timeline.TimelineReply, fails=(404, 422, 503), query=("cursor?", "limit?"),
    ),
    Operation(
        "get", "/v1/catalogue", "getCatalogue", "The catalogue that serves now",
        catalogues.CatalogueReply,
    ),
    Operation(
        "post", "/v1/catalogue/check", "checkCatalogue", "Check a draft: all its faults at once",
        catalogues.CheckReply, catalogues.DraftSchema, (400, 413, 422),
    ),
    Operation(
        "get", "/v1/models", "getModels", "Models, their versions and aliases",
        models.ModelsReply,
    ),
    Operation(
        "post", "/v1/models/{name}/promote", "promoteModel",
        "Have a version serve that the gate has let through (`teller promote --judge-only`)",
        models.PromotionReply, models.PromotionSchema, (400, 404, 409, 413, 422, 503),
        says={409: _NOT_LET_IN},
    ),
    Operation(
        "post", "/v1/models/{name}/rollback", "rollBackModel",
        "The champion before for everyone; a challenge ends",
        models.ModelsReply, fails=(404, 503),
    ),
    Operation(
        "get", "/healthz", "alive", "The process is alive", health.HealthReply, open=True
    ),
    Operation(
        "get", "/readyz", "ready", "Able to decide, or why not (503)", health.ReadyReply, open=True
    ),
    Operation("get", "/metrics", "metrics", "Prometheus metrics", "text/plain", open=True),
    Operation("get", "/openapi.json", "openapi", "This document", "application/json", open=True),
    Operation("get", "/docs", "docs", "The documentation", "text/html", open=True),
    Operation(
        "get", "/docs/{page}", "docsPage", "A page of the documentation", "text/html",
        fails=(404,), open=True,
    ),
)  # fmt: skip
