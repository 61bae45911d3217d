"""The small catalogue, which says what some events mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.http.catalogue import CATALOGUE, written

EVENTS = """
events:
  Plan Changed: {type: plan-change, attributes: {plan: to.plan}}
  Ticket Opened: {type: ticket, topic: complaint, status: open}
  Ticket Closed: {type: ticket, topic: complaint, status: closed}
  List Left: {outcome: unsubscribe}
  identify: {attributes: {first_name: firstName}}
"""


@pytest.fixture
def catalogue_directory(tmp_path: Path) -> Path:
    return written(tmp_path, CATALOGUE + EVENTS)
