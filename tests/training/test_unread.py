"""A file that somebody named and that cannot be read is told with what to look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.errors import Misconfigured
from training.batch.declared import read_features
from training.monitoring.bank import read_calls
from training.monitoring.mapping import read_watched
from training.offpolicy.mapping import read_columns, read_frame


@pytest.mark.parametrize(
    ("read", "what"),
    [
        (lambda path: read_features(path, None), "features"),
        (read_calls, "data"),
        (read_watched, "mapping"),
        (read_columns, "mapping"),
        (read_frame, "data"),
    ],
)
def test_a_file_that_is_not_there_is_said_once_with_where_it_was_looked_for(
    read: Callable[[Path], object], what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Misconfigured) as refused:
        read(Path("past.csv"))
    assert str(refused.value) == f"{what} past.csv: there is no such file; looked in {tmp_path}"


def test_a_directory_in_place_of_a_file_is_said_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"mapping .*: Is a directory$"):
        read_columns(tmp_path)
