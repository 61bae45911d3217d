"""The Flask application: routes, keys, and errors as problem documents. Nothing else."""

from __future__ import annotations

import atexit
import gc
import os
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec
import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from engine.bootstrap import Application, open_application
from engine.errors import NotFound, Problem, TellerError
from engine.express import Express
from engine.settings import read_settings
from engine.telemetry import configure_logs, placed
from engine.wire import segment
from engine.wire.body import MAX_BYTES, too_large, whole
from engine.wire.catalogues import read_draft
from engine.wire.cors import PREFLIGHT, cors_headers
from engine.wire.customers import read_patch
from engine.wire.decisions import read_asked
from engine.wire.health import HealthReply
from engine.wire.identities import check_customer_id, check_identity, read_link
from engine.wire.interactions import read_interactions
from engine.wire.models import read_promotion
from engine.wire.openapi import document
from engine.wire.operations import OPERATIONS
from engine.wire.packed import unpacked
from engine.wire.pages import Pages
from engine.wire.problems import CONTENT_TYPE, answer_to, problem
from engine.wire.timeline import read_page
from engine.wire.tracing import request_id, traced

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

DOCS = Path(__file__).parent / "docs"
RETRY_AFTER = "1"
_CUT_AT = MAX_BYTES + 1  # cut there, a chunked body shows it is over

_OPEN = frozenset(one.name for one in OPERATIONS if one.open or one.writes)
_PAGES = frozenset(one.name for one in OPERATIONS if one.writes) | {"sourceSettings"}
_log = structlog.get_logger()


class Api(Flask):
    """Flask, except that a decision goes the short way, and that an unexpected error is logged
    by its place and never by its words."""

    def __init__(self, application: Application) -> None:
        super().__init__("teller", static_folder=None)
        ordinary = super().wsgi_app
        self._express = Express(ordinary, application.decisions, application.keyring)

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return self._express(environ, start_response)
        except Exception as error:  # noqa: BLE001 - as Flask's own, which logs it and says 500
            with self.request_context(environ):
                self.preprocess_request()
                return self.handle_exception(error)(environ, start_response)

    def log_exception(self, exc_info: tuple[object, object, TracebackType | None]) -> None:
        kind, _, trace = exc_info
        _log.error("unexpected error", type=getattr(kind, "__name__", ""), where=placed(trace))


def create_app(application: Application) -> Flask:
    """The WSGI application over an open application."""
    app = Api(application)
    app.config["MAX_CONTENT_LENGTH"] = _CUT_AT
    _guard(app, application)
    _plain_routes(app, application)
    _routes(app, application)
    _events(app, application)
    _documents(app, application)
    app.register_error_handler(TellerError, _refused)
    app.register_error_handler(HTTPException, _http_error)
    return app


def from_environment() -> Flask:
    """For any WSGI server: the application as the `TELLER_…` variables say, closed at exit."""
    configure_logs()
    settings = read_settings(os.environ)
    if settings.redis_url is None:  # `teller serve` names its own to its workers
        _log.warning("the store may end with a worker: name one by TELLER_REDIS_URL")
    stack = ExitStack()
    application = stack.enter_context(open_application(settings, keep=True))
    atexit.register(stack.close)
    app = create_app(application)
    gc.freeze()  # a large catalogue is not walked again by every full collection
    return app


def _plain_routes(app: Flask, application: Application) -> None:
    """What the path alone asks for."""
    decision, customer = "/v1/decisions/<decision_id>", "/v1/customers/<customer_id>"
    for method, path, name, answer in (
        ("GET", "/healthz", "alive", HealthReply),
        ("GET", decision, "getDecision", application.records.view),
        ("POST", f"{decision}/replay", "replayDecision", application.records.replay),
        ("GET", customer, "getCustomer", application.customers.view),
        ("GET", f"{customer}/export", "exportCustomer", application.exports.export),
        ("DELETE", customer, "eraseCustomer", application.privacy.erase),
        ("GET", "/v1/identities/shared", "sharedIdentities", application.linking.shared),
        ("GET", "/v1/catalogue", "getCatalogue", application.standing.catalogue),
        ("GET", "/v1/models", "getModels", application.standing.models),
        ("POST", "/v1/models/<name>/rollback", "rollBackModel", application.standing.roll_back),
    ):
        app.add_url_rule(path, name, partial(_answered, answer), methods=[method])


def _answered(answer: Callable[..., msgspec.Struct], **named: str) -> Response:
    return _json(answer(*named.values()))


def _routes(app: Flask, application: Application) -> None:
    """What is sent along says the rest."""

    @app.post("/v1/decisions", endpoint="decide")
    def _decide() -> Response:
        return _json(application.decisions.answer(*read_asked(_sent(), request.environ)))

    @app.post("/v1/interactions", endpoint="sendInteractions")
    def _interactions() -> Response:
        rows = read_interactions(_sent())
        return _json(application.interactions.take_in(rows))

    @app.patch("/v1/customers/<customer_id>", endpoint="changeCustomer")
    def _change(customer_id: str) -> Response:
        return _json(application.customers.change(customer_id, read_patch(_sent())))

    @app.get("/v1/customers", endpoint="findCustomer")
    def _find() -> Response:
        return _json(application.linking.find(check_identity(request.args.get("identity"))))

    @app.post("/v1/customers/<customer_id>/identities", endpoint="linkIdentity")
    def _link(customer_id: str) -> Response:
        return _json(application.linking.link(customer_id, read_link(_sent()).identity))

    @app.get("/v1/customers/<customer_id>/timeline", endpoint="getTimeline")
    def _timeline(customer_id: str) -> Response:
        return _json(application.timeline.page(customer_id, read_page(request.args)))

    @app.post("/v1/models/<name>/promote", endpoint="promoteModel")
    def _promote(name: str) -> Response:
        return _json(application.standing.promote(name, read_promotion(_sent())))

    @app.post("/v1/catalogue/check", endpoint="checkCatalogue")
    def _check() -> Response:
        return _json(application.standing.check(read_draft(_sent())))


def _events(app: Flask, application: Application) -> None:
    """The doors of Segment's and RudderStack's SDKs, which bring a write key of their own."""
    limits, keyring = application.event_limits, application.keyring

    def _take(call: str) -> Response:
        most = limits.batch if call == segment.BATCH else limits.event
        request.max_content_length = most
        delivery = segment.read_delivery(call, unpacked(request.stream, most))
        sent, asked = request.environ.get("HTTP_AUTHORIZATION", ""), request.args.get("writeKey")
        sender = keyring.sender(segment.write_key_of(sent, delivery.write_key, asked or ""))
        if sender is None:
            return _problem(401, "unauthenticated", segment.NO_WRITE_KEY)
        application.events.take_in(delivery, sender, request.user_agent.string)
        return Response(segment.SUCCESS, content_type="application/json")

    for path, call in segment.ROUTES.items():
        view = partial(_take, call)
        app.add_url_rule(path, path.removeprefix("/v1/"), view, methods=["POST"])

    @app.get("/v1/projects/<write_key>/settings", endpoint="sourceSettings")
    def _settings(write_key: str) -> Response:
        if not keyring.publishes(write_key):
            raise NotFound("no such write key: use a publishable key (pk_…) of this server")
        return Response(segment.source_settings(write_key), content_type="application/json")

    @app.after_request
    def _shared(response: Response) -> Response:
        if request.endpoint in _PAGES:
            origin, asked = request.origin or "", request.environ.get(PREFLIGHT, "")
            response.headers.extend(cors_headers(origin, asked, limits.origins))
        return response


def _documents(app: Flask, application: Application) -> None:
    described = document(application.version)
    openapi = msgspec.json.encode(described)
    pages = Pages(DOCS, described)

    @app.get("/readyz", endpoint="ready")
    def _ready() -> Response:
        ready = application.standing.ready()
        return _json(ready, 200 if ready.ready else 503)

    @app.get("/metrics", endpoint="metrics")
    def _metrics() -> Response:
        return Response(application.metrics.exposition(), mimetype="text/plain")

    @app.get("/openapi.json", endpoint="openapi")
    def _openapi() -> Response:
        return Response(openapi, mimetype="application/json")

    @app.get("/docs", endpoint="docs")
    def _index() -> Response:
        return Response(pages.index(), mimetype="text/html")

    @app.get("/docs/<page>", endpoint="docsPage")
    def _page(page: str) -> Response:
        html = pages.page(page)
        if html is None:
            raise NotFound(f"no such page; there are {', '.join(pages.names)}")
        return Response(html, mimetype="text/html")


def _guard(app: Flask, application: Application) -> None:
    """A request's id and start, its key, and the headers every reply carries."""

    @app.before_request
    def _before() -> Response | None:
        context, environ = g._get_current_object(), request.environ
        context.started = time.perf_counter()
        context.request_id = request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        endpoint = request.endpoint
        if endpoint is None or endpoint in _OPEN:
            return None
        turned_away = application.keyring.refuse(environ.get("HTTP_AUTHORIZATION", ""))
        if turned_away:
            return _problem(*turned_away)
        if customer := (request.view_args or {}).get("customer_id"):
            check_customer_id(customer, "the customer's id")
        return None

    @app.after_request
    def _after(response: Response) -> Response:
        context = g._get_current_object()
        response.headers.extend(traced(context.request_id, context.started))
        return response


def _sent() -> bytes:
    return whole(request.get_data(cache=False))


def _refused(error: TellerError) -> Response:
    answer = answer_to(error)
    if answer is None:
        raise error
    detail = str(error)[:2000] or type(error).__name__
    response = _problem(*answer, detail, getattr(error, "problems", ()))
    if response.status_code == 503:
        response.headers["Retry-After"] = RETRY_AFTER
    return response


def _http_error(error: HTTPException) -> Response:
    """What Flask and Werkzeug refuse on their own: 404, 405, 413, and the unexpected 500."""
    status = error.code or 500
    code = {413: "too-large", 500: "internal"}.get(status, error.name.lower().replace(" ", "-"))
    detail = error.description or error.name
    if status == 413:
        most = request.max_content_length or _CUT_AT
        detail = str(too_large(MAX_BYTES if most == _CUT_AT else most))
    response = _problem(status, code, detail)
    for name, value in error.get_headers(request.environ):
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _problem(status: int, code: str, detail: str, errors: tuple[Problem, ...] = ()) -> Response:
    body = problem(
        status, code, detail, instance=request.path, request_id=g.request_id, errors=errors
    )
    response = Response(body, status, mimetype=CONTENT_TYPE)
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _json(reply: msgspec.Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(reply), status, content_type="application/json")
