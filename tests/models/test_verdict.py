"""What the gate says, as people read it."""

from __future__ import annotations

from engine.models.verdict import Verdict


def test_a_figure_beyond_belief_fills_no_page() -> None:
    figures = {"rows": 12_000, "gain": 1_234.5, "worth": -1e300}
    said = Verdict("propensity", "sha256:0", "nobody", (), figures=figures).text()
    assert "rows: 12,000" in said
    assert "gain: 1,234.5000" in said
    assert "worth: -1.0000e+300" in said
