"""What the page about training says runs as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from engine.registry import Registry
from training.batch.command import train
from training.batch.declared import read_features
from training.offpolicy.mapping import read_columns

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "training.md").read_text()


def test_the_lines_on_the_page_train_two_versions_and_promote_the_first(tmp_path: Path) -> None:
    (lines,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    teller = tmp_path / "teller"
    teller.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m engine.cli "$@"\n')
    teller.chmod(0o700)
    here = f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    ran = subprocess.run(
        ["sh", "-ec", lines],
        cwd=tmp_path,
        env={**os.environ, "PATH": here, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stderr
    registry = Registry(tmp_path / "house")
    kept = {one: registry.load("propensity", one).kind for one in registry.versions("propensity")}
    assert sorted(kept.values()) == ["logistic", "trees"]
    assert kept[registry.resolve("propensity", "champion")] == "logistic"
    values = re.findall(r"value of a decision(?:, champion)?: (\S+)", ran.stdout)
    assert [round(float(value), 2) for value in values] == [0.83, 0.54]
    assert "0.83, and by the champion before, which knew nobody, 0.54" in PAGE
    assert "<svg" in (tmp_path / "report.html").read_text()


def test_the_features_on_the_page_are_features(tmp_path: Path) -> None:
    text, _ = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "features.yaml").write_text(text)
    assert len(read_features(tmp_path / "features.yaml", None)) == 3


def test_the_study_s_mapping_is_one_of_as_many_columns_as_the_page_says(tmp_path: Path) -> None:
    _, text = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "mapping.yaml").write_text(text)
    columns = read_columns(tmp_path / "mapping.yaml")
    assert (len(columns.customer), len(columns.context)) == (12, 9)
    assert "12 attributes, 9 facts of the moment" in PAGE


@pytest.mark.parametrize("option", [one.opts[0] for one in train.params if one.opts[0] != "file"])
def test_every_option_is_on_the_page_or_everywhere(option: str) -> None:
    assert f"{option}" in PAGE or option in ("--rules", "--name", "--resamples", "--seed")
