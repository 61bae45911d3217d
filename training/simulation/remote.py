"""The engine over HTTP, as any caller has it: its clock is its own, and so are its models."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlsplit

from engine.errors import Misconfigured
from training.simulation.house import Offer
from training.simulation.world import Person, Visit, World

_TIMEOUT = 10.0


class Remote:
    """A server at `url`, asked with a secret `key`. `name` keeps this run's customers apart from
    those of others, so that nobody has used up their caps."""

    def __init__(self, url: str, key: str, world: World, name: str) -> None:
        """Raises Misconfigured for what is no http address."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Misconfigured(f"--url is the server's address, http://host:port, not {url!r}")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=_TIMEOUT)
        self._base = parts.path.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._world = world
        self._name = name

    def welcome(self, people: Iterable[Person]) -> None:
        for person in people:
            body = {
                "attributes": dict(person.attributes),
                "consent": dict.fromkeys(person.granted, "granted"),
            }
            self._call("PATCH", f"/v1/customers/{quote(self._id(person))}", body)

    def decide(self, visit: Visit, person: Person) -> Offer:  # noqa: ARG002 - its clock is its own
        body = {
            "customer": {"id": self._id(person)},
            "channel": self._world.channel,
            "placements": [{"id": self._world.placement, "slots": 1}],
            "explain": "none",
        }
        reply = self._call("POST", "/v1/decisions", body)
        for one in reply["placements"][0]["actions"]:
            numbers = float(one["propensity"]), float(one["selection_probability"])
            return Offer(reply["decision_id"], one["action"], *numbers)
        return Offer(reply["decision_id"], "")

    def accepted(self, visit: Visit, person: Person, offer: Offer) -> None:
        row = {
            "id": f"{self._name}-{visit.id.replace('/', '-')}",
            "customer": {"id": self._id(person)},
            "decision_id": offer.decision_id,
            "outcome": "accept",
            "action": offer.action,
        }
        told = self._call("POST", "/v1/interactions", {"interactions": [row]})
        if told["accepted"] != 1:
            raise Misconfigured(f"the server took no answer: {told['rejected']}")

    def _id(self, person: Person) -> str:
        return f"{self._name}-{person.customer_id}"

    def _call(self, method: str, path: str, body: dict[str, Any]) -> Any:
        try:
            self._connection.request(method, self._base + path, json.dumps(body), self._headers)
            reply = self._connection.getresponse()
            content = reply.read()
        except (OSError, HTTPException) as error:
            raise Misconfigured(f"{method} {path}: the server does not answer: {error}") from error
        if reply.status >= 400:
            raise Misconfigured(f"{method} {path}: {reply.status} {content[:500].decode()}")
        return json.loads(content)
