"""What a learner goes on from: the latest of its own that is whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.errors import Overtaken
from engine.services.learning.checkpoints import Checkpoints


def test_a_learner_that_was_cleared_away_under_its_number_is_overtaken(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for number in range(1, 6):
        checkpoints.commit(number, b"%d" % number)
    with pytest.raises(Overtaken):
        checkpoints.commit(5, b"late")
    with pytest.raises(Overtaken):
        checkpoints.commit(2, b"its file is gone, its turn too")
    assert checkpoints.latest() == (5, b"5")


def test_a_checkpoint_one_bit_of_which_has_changed_is_not_gone_on_from(tmp_path: Path) -> None:
    """Sums would still be sums, of answers nobody gave."""
    checkpoints = Checkpoints(tmp_path)
    for number in (1, 2):
        checkpoints.commit(number, b"%d answers" % number)
    path = sorted((tmp_path / "learning").glob("*.state"))[-1]
    path.write_bytes(path.read_bytes()[:-1] + b"S")
    assert checkpoints.latest() == (2, b"1 answers")
    checkpoints.commit(3, b"3 answers")
    assert checkpoints.latest() == (3, b"3 answers")


def test_a_copy_somebody_made_beside_it_is_no_checkpoint(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.commit(1, b"ours")
    for name in ("000000000001 copy.state", "9.state", "0000000000001.state"):
        shutil.copy(next((tmp_path / "learning").iterdir()), tmp_path / "learning" / name)
    assert checkpoints.latest() == (1, b"ours")
    checkpoints.commit(2, b"more")
    assert checkpoints.latest() == (2, b"more")


def test_another_house_s_checkpoint_is_not_gone_on_from(tmp_path: Path) -> None:
    """It would count answers nobody here gave, and read these logs from where those were left."""
    ours, theirs = Checkpoints(tmp_path / "ours"), Checkpoints(tmp_path / "theirs")
    ours.commit(1, b"ours")
    theirs.commit(7, b"theirs")
    shutil.copy(next((tmp_path / "theirs/learning").iterdir()), tmp_path / "ours/learning")
    assert ours.latest() == (7, b"ours")
    assert theirs.latest() == (7, b"theirs")
