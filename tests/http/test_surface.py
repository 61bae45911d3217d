"""The surface described: OpenAPI, documentation, health, metrics, drafts and models."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

import api
from engine.settings import NAMES
from engine.wire.problems import STATUS
from engine.wire.segment import ROUTES
from tests.http.conftest import Client, Reply


def test_the_openapi_document_validates(client: Client) -> None:
    reply = client.call("GET", "/openapi.json", headers={"Authorization": ""})
    assert reply.status == 200
    assert list(OpenAPIV31SpecValidator(reply.json()).iter_errors()) == []


def test_its_patterns_are_of_the_language_that_json_schema_reads(client: Client) -> None:
    patterns = re.findall(rb'"pattern":"(.*?[^\\])"', client.call("GET", "/openapi.json").body)
    assert len(patterns) > 10
    assert [each for each in patterns if re.search(rb"\\\\[AZ]", each)] == []


def test_what_must_be_above_a_bound_is_not_described_as_at_it(client: Client) -> None:
    share = client.call("GET", "/openapi.json").json()["components"]["schemas"]["Promotion"]
    assert share["properties"]["share"]["exclusiveMinimum"] == 0
    none = {"version": "learned", "alias": "challenger", "share": 0}
    assert client.call("POST", "/v1/models/propensity/promote", none).status == 422


def test_what_is_answered_is_as_the_document_says(client: Client) -> None:
    document = client.call("GET", "/openapi.json").json()
    called: list[tuple[str, str, Reply]] = []

    def call(method: str, path: str, body: Any = None, **names: str) -> Any:
        reply = client.call(method, path.format(**names), body)
        called.append((method.lower(), path, reply))
        return reply.json()

    who = {"customer_id": client.consenting()}
    ask = {"customer": {"id": "c-1"}, "channel": "web", "placements": [{"id": "home.hero"}]}
    made = call("POST", "/v1/decisions", {**ask, "explain": "full"})["decision_id"]
    call("POST", "/v1/decisions", {**ask, "customer": {"id": "c-2"}, "explain": "none"})
    call("POST", "/v1/decisions", {**ask, "channel": "wep"})
    click = {"id": "m", "decision_id": made, "action": "fibre-upgrade", "outcome": "click"}
    rows = [click, {**click, "id": "n", "action": "x"}]
    call("POST", "/v1/interactions", {"interactions": rows})
    call("GET", "/v1/decisions/{decision_id}", decision_id=made)
    call("POST", "/v1/decisions/{decision_id}/replay", decision_id=made)
    call("PATCH", "/v1/customers/{customer_id}", {"attributes": {"plan": "plus"}}, **who)
    for path in ("", "/timeline", "/export"):
        call("GET", "/v1/customers/{customer_id}" + path, **who)
    call("DELETE", "/v1/customers/{customer_id}", **who)
    call("POST", "/v1/catalogue/check", {"files": {"a.yaml": "actions: 3"}})
    for path in ("/v1/catalogue", "/v1/models", "/healthz", "/readyz", "/v1/identities/shared"):
        call("GET", path)
    assert {reply.status for _, _, reply in called} == {200, 422}
    for method, path, reply in called:
        (content,) = document["paths"][path][method]["responses"][str(reply.status)][
            "content"
        ].values()
        schema = {**content["schema"], "components": document["components"]}
        found = Draft202012Validator(schema).iter_errors(reply.json())
        assert [(path, error.message) for error in found] == []
        told = schema["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        assert reply.json().keys() <= told["properties"].keys()


def test_every_route_is_in_the_openapi_document_and_nothing_else(client: Client) -> None:
    described = {
        (method.upper(), path)
        for path, methods in client.call("GET", "/openapi.json").json()["paths"].items()
        for method in methods
    }
    app = api.create_app(client.application)
    routed = {
        (method, re.sub(r"<(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routed == described


def test_the_document_says_what_an_erasure_and_an_opt_out_may_be_answered(client: Client) -> None:
    paths = client.call("GET", "/openapi.json").json()["paths"]
    contended = paths["/v1/customers/{customer_id}"]["delete"]["responses"]["503"]
    assert "`contention`" in contended["description"]
    assert "Retry-After" in contended["headers"]
    for path in ROUTES:
        answers = paths[path]["post"]["responses"]
        assert "opt-out that cannot be taken" in answers["422"]["description"]
        assert "no replica" in answers["503"]["description"]
        assert "403" not in answers  # a page's key is as good as any


def test_every_route_is_named_in_the_api_page() -> None:
    page = (api.DOCS / "api.md").read_text()
    for operation in api.OPERATIONS:
        assert operation.path.split("{")[0].rstrip("/") in page


def test_every_problem_code_is_explained_in_the_api_page() -> None:
    page = (api.DOCS / "api.md").read_text()
    codes = [code for _, _, code in STATUS]
    codes += ["unauthenticated", "publishable-key", "too-large", "method-not-allowed", "internal"]
    codes += ["deadline"]
    assert [code for code in codes if f"`{code}`" not in page] == []


def test_every_setting_is_explained_in_the_operating_page() -> None:
    page = (api.DOCS / "operating.md").read_text()
    assert [name for name in NAMES if name not in page] == []


def test_every_page_of_the_documentation_is_served_and_asks_nothing_from_elsewhere(
    client: Client,
) -> None:
    index = client.call("GET", "/docs", headers={"Authorization": ""})
    assert index.status == 200
    pages = re.findall(r'href="(/docs/[^"#]+)"', index.body.decode())
    assert "/docs/reference" in pages
    written = {f"/docs/{path.stem}" for path in api.DOCS.glob("*.md")} - {"/docs/index"}
    assert written <= set(pages)
    for page in pages:
        html = client.call("GET", page).body.decode()
        assert "<h1" in html
        assert not re.search(r'(?:src|<link[^>]+href)="(?!data:image/svg)', html)
    assert client.call("GET", "/docs/nothing").status == 404


def test_the_reference_names_what_a_call_takes_beside_its_body(client: Client) -> None:
    reference = client.call("GET", "/docs/reference").body.decode()
    for operation in api.OPERATIONS:
        call = reference.partition(f'<h2 id="{operation.name}">')[2].partition("<h2")[0]
        assert all(f"<code>{name.removesuffix('?')}</code>" in call for name in operation.query)
    assert "<code>Idempotency-Key</code>" in reference


def test_what_a_reply_says_of_its_fields_is_in_the_document_and_the_reference_as_plain_sentences(
    client: Client,
) -> None:
    schemas = client.call("GET", "/openapi.json").json()["components"]["schemas"]
    told = [schema["description"] for schema in schemas.values() if "description" in schema]
    assert [text for text in told if "\n " in text or "None" in text] == []
    assert "`customer` is null where" in schemas["ExportReply"]["description"]
    reference = client.call("GET", "/docs/reference").body.decode()
    model = reference.partition('<h2 id="ModelReply">')[2].partition("<h2")[0]
    assert "<code>rollback_to</code> is what a rollback makes decide for everybody" in model


def test_long_names_may_break_in_a_sentence_and_never_in_a_block(client: Client) -> None:
    page = client.call("GET", "/docs/operating").body.decode()
    assert "<code>TELLER_<wbr>CATALOGUE</code>" in page
    assert "TELLER_CATALOGUE=shop gunicorn" in page


def test_links_between_pages_lead_somewhere(client: Client) -> None:
    for path in api.DOCS.glob("*.md"):
        html = client.call("GET", f"/docs/{path.stem}").body.decode()
        for target in set(re.findall(r'href="(/docs/[^"#]+)', html)):
            assert client.call("GET", target).status == 200, f"{path.name} -> {target}"


def test_alive_and_ready_need_no_key(client: Client) -> None:
    assert client.call("GET", "/healthz", headers={"Authorization": ""}).status == 200
    ready = client.call("GET", "/readyz", headers={"Authorization": ""})
    assert ready.status == 200
    assert ready.json()["ready"] is True
    assert ready.json()["degraded"] is None


def test_metrics_count_what_happened_and_name_no_customer(client: Client) -> None:
    client.decide(client.consenting("canary-customer", first_name="Canaria"))
    client.decide("canary-customer-2")
    client.tell({"id": "m", "customer": {"id": "canary-customer"}, "type": "canary-type"})
    text = client.call("GET", "/metrics", headers={"Authorization": ""}).body.decode()
    assert 'teller_decisions_total{placement="home.hero",result="personalised"} 1.0' in text
    assert 'teller_decisions_total{placement="home.hero",result="fallback"} 1.0' in text
    assert 'teller_interactions_total{result="accepted"} 1.0' in text
    assert "teller_decision_seconds_count 2.0" in text
    assert "anar" not in text


def test_the_catalogue_says_its_version(client: Client) -> None:
    reply = client.call("GET", "/v1/catalogue").json()
    assert reply["digest"] == client.decide().json()["versions"]["catalogue"]
    assert reply["placements"] == ["agent.next", "home.hero", "home.strip"]


def test_a_draft_is_checked_and_never_served(client: Client) -> None:
    before = client.call("GET", "/v1/catalogue").json()
    good = {"files": {"a.yaml": (client.catalogue / "catalogue.yaml").read_text()}}
    assert client.call("POST", "/v1/catalogue/check", good).json()["ok"] is True

    bad = {"files": {"a.yaml": "actions:\n  - {id: x, kind: ofer}\nplacments: []\n"}}
    reply = client.call("POST", "/v1/catalogue/check", bad).json()
    assert reply["ok"] is False
    assert len(reply["faults"]) >= 2
    assert all(fault["file"] == "a.yaml" and fault["line"] for fault in reply["faults"])
    assert client.call("GET", "/v1/catalogue").json() == before
    for draft in ({"files": {}}, {"files": {"a": 1}}, {"file": {}}):
        assert client.call("POST", "/v1/catalogue/check", draft).status == 422


def test_a_draft_of_which_no_file_would_be_read_is_none(client: Client) -> None:
    reply = client.call("POST", "/v1/catalogue/check", {"files": {"offers": "actions: 3"}}).json()
    assert reply["ok"] is False
    assert "nor any other .yaml" in reply["faults"][0]["what"]


@pytest.mark.parametrize("template", ["9" * 5000, "'x' * 10**10", "9**(9**9)", r"'\ud800'"])
def test_a_draft_with_a_template_that_cannot_be_is_answered_with_its_fault(
    client: Client, template: str
) -> None:
    draft = (client.catalogue / "catalogue.yaml").read_text()
    assert "go fibre" in draft
    files = {"files": {"a.yaml": draft.replace("go fibre", "{{" + template + "}}")}}
    reply = client.call("POST", "/v1/catalogue/check", files)
    assert reply.status == 200
    assert [fault["file"] for fault in reply.json()["faults"]] == ["a.yaml"]


def test_models_are_told_with_their_aliases(client: Client) -> None:
    assert client.call("GET", "/v1/models").json() == {"models": []}


def test_an_unexpected_error_is_a_problem_document_without_its_words(
    client: Client,
) -> None:
    app = api.create_app(client.application)

    @app.get("/boom")
    def _boom() -> str:
        raise KeyError("personal@example.org")

    with app.test_client() as flask:
        key = {"Authorization": "Bearer sk_test_0123456789abcdef"}
        reply = flask.get("/boom", headers=key)
    problem = msgspec.json.decode(reply.data)
    assert (reply.status_code, problem["code"]) == (500, "internal")
    assert b"personal@" not in reply.data


def test_every_link_of_the_documentation_leads_somewhere(client: Client) -> None:
    names = [path.stem for path in api.DOCS.glob("*.md")]
    pages = {f"/docs/{name}": client.call("GET", f"/docs/{name}").body.decode() for name in names}
    pages["/docs/reference"] = client.call("GET", "/docs/reference").body.decode()
    for at, html in pages.items():
        for link in re.findall(r'href="([^"]*)"', html):
            path, _, anchor = link.partition("#")
            if path.startswith("http"):
                continue
            target = pages.get(path or at)
            assert target or client.call("GET", path).status == 200, f"{at}: {link}"
            assert not anchor or (target and f'id="{anchor}"' in target), f"{at}: {link}"


def test_a_problem_s_type_leads_to_its_line_in_the_api_page(client: Client) -> None:
    page = client.call("GET", "/docs/api").body.decode()
    for _, _, code in STATUS:
        assert f'<tr id="{code}">' in page
    assert client.call("POST", "/v1/decisions", b"[").json()["type"] == "/docs/api#malformed"


def test_a_missing_page_says_which_there_are(client: Client) -> None:
    assert "reference" in client.call("GET", "/docs/nothing").json()["detail"]
