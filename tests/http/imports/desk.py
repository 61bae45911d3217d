"""Imports into one house, from files in one directory."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console

from engine.importing import Progressed, import_file
from engine.wire.imports import Kind
from tests.http.conftest import Client

CUSTOMERS = """customer_id,plan,first_name,visits,since,notice
c-1,basic,"Ana
Maria",4,2025-01-01T00:00:00Z,2h
c-2,gold,Rui,3,,
c-3,plus,,many,,
,basic,,,,
c-4,fibre,Eva,,,
c-5,basic
"""


class Desk:
    """Imports into one house, from files in one directory."""

    def __init__(self, client: Client, home: Path) -> None:
        self._client = client
        self.home = home
        self.data = home / "data"
        self.said = ""

    def take(self, kind: Kind, name: str, text: str | None = None, **more: Any) -> Progressed:
        path = self.home / name
        if text is not None:
            path.write_text(text)
        told = io.StringIO()
        console = Console(file=told, width=200)
        imports = more.pop("imports", self._client.application.imports)
        try:
            return import_file(imports, kind, path, self.data, console, **more)
        finally:
            self.said = told.getvalue()

    def customer(self, customer: str) -> Any:
        return self._client.call("GET", f"/v1/customers/{customer}").json()


def happened(*ids: str) -> str:
    """Purchases of these ids, as JSON lines."""
    at = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
    rows = [
        {"id": one, "customer_id": "c-1", "type": "purchase", "channel": "shop", "at": at}
        for one in ids
    ]
    return "\n".join(msgspec.json.encode(row).decode() for row in rows)
