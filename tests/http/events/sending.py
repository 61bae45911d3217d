"""What an SDK sends, and what is known of a customer then."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from tests.http.conftest import SECRET, Client, Reply

OK = b'{"success": true}'


def basic(key: str) -> dict[str, str]:
    """The header with a write key in its usual place."""
    return {"Authorization": "Basic " + b64encode(f"{key}:".encode()).decode()}


def send(client: Client, call: str, body: Any, key: str = SECRET) -> Reply:
    """One call of an SDK."""
    return client.call("POST", f"/v1/{call}", body, basic(key))


def track(client: Client, event: str, key: str = SECRET, **more: Any) -> Reply:
    """An event of customer `c-1`, taken in."""
    reply = send(client, "track", {"userId": "c-1", "event": event, **more}, key)
    assert (reply.status, reply.body) == (200, OK)
    return reply


def of(client: Client, customer: str = "c-1") -> Any:
    """A customer's document."""
    return client.call("GET", f"/v1/customers/{customer}").json()


def types(client: Client, customer: str = "c-1") -> list[str]:
    """The kinds of what a customer did, oldest first."""
    return [one["type"] for one in reversed(of(client, customer)["recent"])]


def anonymous(client: Client, name: str) -> Any:
    """The document of a visitor without a name."""
    return client.call("GET", f"/v1/customers?identity=anonymous:{name}").json()


def aside(client: Client) -> list[str]:
    """Why each event set aside was."""
    return [one.reason for one in client.application.events.set_aside()]
