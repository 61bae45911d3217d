"""What the pages for who builds against us say runs as it stands, against a real server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest

import api
from tests.http.catalogue import written
from tests.http.conftest import SECRET, Client

CATALOGUE = """
schema:
  attributes:
    first_name: {type: string, personal: true}
    plan: {type: string, enum: [basic, plus, fibre]}
  context:
    page: {type: string}
    intent: {type: string}
  identities: [email, phone]
  purposes: [personalisation, marketing]
actions:
  - id: fibre-upgrade
    kind: offer
    purpose: marketing
    value: 120
    treatments:
      - {id: hero, placement: home.hero, content: {headline: Go fibre}}
      - {id: letter, placement: email.newsletter, content: {headline: Go fibre}}
      - {id: script, placement: agent.next, content: {title: Fibre}}
  - id: retain-20
    kind: offer
    purpose: marketing
    value: 20
    treatments: [{id: script, placement: agent.next, content: {title: A fifth off}}]
placements:
  - {id: home.hero, channel: web, fallback: {headline: Welcome}}
  - {id: email.newsletter, channel: email, slots: 2}
  - {id: agent.next, channel: agent, slots: 3, counts: impression, hold: 30m}
"""
PLACEHOLDERS = ("0193…", "0194…", "0195…")
CUSTOMERS = ("c-42", "c-43", "c-44")
ASKED = {"email": ("email", "email.newsletter"), "agents": ("agent", "agent.next")}


@pytest.fixture
def catalogue_directory(tmp_path: Path) -> Path:
    return written(tmp_path, CATALOGUE)


@pytest.fixture
def told(client: Client) -> Client:
    """A server that knows the pages' customers, who take marketing."""
    for customer in CUSTOMERS:
        client.consenting(customer)
    return client


def address(client: Client) -> str:
    host, port = client.address
    return f"http://{host}:{port}"


def page(name: str) -> str:
    return (api.DOCS / f"{name}.md").read_text()


def curls(name: str) -> list[str]:
    """Each call on a page, with its continuation lines."""
    blocks = "".join(re.findall(r"```sh\n(.*?)```", page(name), re.DOTALL))
    return [one for one in re.split(r"\n(?=\w)", blocks) if one.startswith("curl")]


def typed(client: Client, line: str) -> Any:
    """What a line for a shell is answered."""
    known = {"TELLER": address(client), "KEY": f"Authorization: Bearer {SECRET}"}
    done = subprocess.run(
        ["sh", "-ec", line], check=True, env={**os.environ, **known}, capture_output=True
    )
    return json.loads(done.stdout)


def script(name: str, client: Client, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names that the Python on a page defines."""
    monkeypatch.setenv("TELLER_KEY", SECRET)
    (code,) = re.findall(r"```python\n(.*?)```", page(name), re.DOTALL)
    file = client.catalogue.parent / f"{name}.py"
    file.write_text(code.replace("http://127.0.0.1:8080", address(client)))
    return run_path(str(file))


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("name", ["website", "email", "agents", "api", "identity", "privacy"])
def test_each_call_on_a_page_is_taken_as_it_stands(told: Client, name: str) -> None:
    channel, placement = ASKED.get(name, ("web", "home.hero"))
    lines = curls(name)
    assert lines
    for customer, placeholder in zip(CUSTOMERS, PLACEHOLDERS, strict=True):
        made = told.decide(customer, placement, channel=channel).json()["decision_id"]
        lines = [line.replace(placeholder, made) for line in lines]
    for line in lines:
        reply = typed(told, line)
        assert "code" not in reply, (line, reply)
        assert reply.get("rejected", []) == [], line


def test_the_websites_function_gives_content_and_its_own_default_when_anything_is_wrong(
    told: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("requests")
    found = script("website", told, monkeypatch)
    found["teller"].request = _patient(found["teller"].request)
    content = found["content_for"]("c-42", "/broadband", None)
    assert content["headline"] == "Go fibre"
    assert content["decision"]
    monkeypatch.setitem(found["teller"].headers, "Authorization", "Bearer sk_wrong")
    assert found["content_for"]("c-42", "/broadband", None) == {"headline": "Welcome"}


def test_the_mailings_function_gives_the_same_twice_and_nothing_to_who_said_no_since(
    told: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("requests")
    offers = script("email", told, monkeypatch)["offers"]
    first = offers("n7", "c-42")
    assert [one["action"] for one in first] == ["fibre-upgrade"]
    assert offers("n7", "c-42") == first
    told.call("PATCH", "/v1/customers/c-42", {"consent": {"marketing": "denied"}})
    assert offers("n7", "c-42") == []


def _patient(request: Any) -> Any:
    """50 ms are a customer's patience, not a busy test machine's."""

    def ask(*words: Any, **options: Any) -> Any:
        options["json"].pop("deadline_ms")
        return request(*words, **{**options, "timeout": 30})

    return ask
