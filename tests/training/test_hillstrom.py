"""Facts about the Hillstrom study, on generated lookalikes of its table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from engine.errors import Misconfigured
from training.hillstrom import ARMS, conclusion, main, study


def a_test(rows: int, seed: int, *, personal: bool) -> pd.DataFrame:
    """A table like Hillstrom's. One e-mail is the best for everyone, unless it is `personal`:
    then who bought the women's line wants the women's."""
    rng = np.random.default_rng(seed)
    womens = rng.integers(2, size=rows)
    arm = rng.integers(3, size=rows)
    mens_mail, womens_mail = arm == 0, arm == 2
    liked = np.where(womens == 1, womens_mail, mens_mail) if personal else mens_mail
    visit = rng.random(rows) < 0.1 + 0.15 * liked
    return pd.DataFrame(
        {
            "recency": rng.integers(1, 13, rows),
            "history_segment": rng.choice(["1) $0 - $100", "2) $100 - $200"], rows),
            "history": rng.gamma(2, 100, rows).round(2),
            "mens": 1 - womens,
            "womens": womens,
            "zip_code": rng.choice(["Urban", "Surburban", "Rural"], rows),
            "newbie": rng.integers(2, size=rows),
            "channel": rng.choice(["Phone", "Web"], rows),
            "segment": np.array(ARMS)[arm],
            "visit": visit.astype(int),
            "conversion": (visit & (rng.random(rows) < 0.2)).astype(int),
            "spend": np.where(visit, rng.gamma(2, 20, rows), 0.0).round(2),
        }
    )


def test_where_one_e_mail_is_best_for_all_no_gain_is_claimed() -> None:
    found = study(a_test(6000, 1, personal=False), "visit", resamples=200)
    said = conclusion(found)
    assert "gains over" not in said
    assert "constant:Mens E-Mail, the best for everyone" in said
    assert [arm.name for arm in found.baselines] == [f"constant:{arm}" for arm in ARMS]


def test_where_customers_differ_choosing_for_each_is_seen_to_pay() -> None:
    found = study(a_test(6000, 2, personal=True), "visit", resamples=200)
    assert conclusion(found).count("gains over") == 2
    for learner in found.policies:
        assert learner.value.low < 0.25 < learner.value.high + 0.01
        assert all(gain.low > 0 for gain in learner.gains.values())


def test_one_command_from_table_to_reports(tmp_path: Path) -> None:
    table, reports = tmp_path / "hillstrom.csv.gz", tmp_path / "reports"
    a_test(1500, 3, personal=False).to_csv(table, index=False)
    asked = [str(table), "--directory", str(reports), "--resamples", "100"]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.output
    assert done.output.count("the best for everyone") == 6
    names = {path.name for path in reports.iterdir()}
    assert names == {
        f"{o}.{end}" for o in ("visit", "conversion", "spend") for end in ("html", "json")
    }


def test_a_table_that_is_not_hillstrom_s_is_refused() -> None:
    frame = a_test(100, 4, personal=False)
    with pytest.raises(Misconfigured, match="no column 'segment'"):
        study(frame.drop(columns="segment"), "visit")
    frame["segment"] = "Kids E-Mail"
    with pytest.raises(Misconfigured, match="its arms are"):
        study(frame, "visit")
