"""Bank Marketing: years that changed must alarm, the same calls in a random order must not."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from training.monitoring.bank import findings, read_calls, shuffled

SHARED = Path(__file__).parents[4] / "shared" / "data"
CALLS = SHARED / "bank-marketing" / "bank-additional-full.csv.gz"
SHUFFLES = int(os.environ.get("TELLER_SHUFFLES", "1"))


@pytest.fixture(scope="module")
def calls() -> pd.DataFrame:
    if not CALLS.exists():
        pytest.skip(f"{CALLS} is not here: fetch UCI's Bank Marketing")
    return read_calls(CALLS)


def test_what_gives_the_answer_away_is_left_out(calls: pd.DataFrame) -> None:
    assert "duration" not in calls


def test_the_order_of_time_alarms(calls: pd.DataFrame) -> None:
    found = findings(calls, windows=5)
    names = [name for name, _ in found.alarms]
    assert {"propensity", "base rate", "calibration", "month", "euribor3m"} <= set(names)


def test_no_random_order_alarms(calls: pd.DataFrame) -> None:
    assert not [one.alarms for one in shuffled(calls, range(SHUFFLES), 1) if one.alarms]
