"""A catalogue with tests beside its rules."""

from __future__ import annotations

import os
import subprocess
import sys
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


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a process of its own said that ran this code, with more in its environment."""
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, **environment},
    )
