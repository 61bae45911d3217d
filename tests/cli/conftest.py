"""A catalogue with tests beside its rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.http.catalogue import CATALOGUE, written

TESTS = """
tests:
  - name: a fibre customer is never offered fibre
    customer: {attributes: {plan: fibre}, consent: {marketing: granted}}
    request: {placement: home.hero}
    never: [fibre-upgrade]
    fallback: true
    reason: {action: fibre-upgrade, stage: engagement}
"""


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    return written(tmp_path, CATALOGUE + TESTS)
