"""The grocer's real tables, read once a session."""

from __future__ import annotations

import pytest

from demo.attributes import Ledger, ledger
from demo.package import data_directory
from demo.source import Grocer, read


@pytest.fixture(scope="session")
def grocer() -> Grocer:
    return read(data_directory())


@pytest.fixture(scope="session")
def books(grocer: Grocer) -> Ledger:
    return ledger(grocer)
