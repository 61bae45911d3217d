"""A shop's history in a file, whose truth is known: likes draw, and wine draws who spends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

OFFERS = ("wine", "fruit", "news")
MAPPING = """
action: offer
reward: clicked
at: sent_at
customer: {plan: tariff, spend_12m: spend, likes: favourite}
context: [page]
channel: sent_by
placement: place
subject: household
selection_probability: chance
actions: {wine: {group: drinks}, fruit: {group: fresh}, news: {kind: message}}
"""


def a_history(rows: int = 4000, seed: int = 7) -> pd.DataFrame:
    """Sends an hour apart to 500 households; what they like is tried thrice as often."""
    rng = np.random.default_rng(seed)
    liked = rng.integers(3, size=rows)
    chances = np.where(np.arange(3) == liked[:, None], 0.6, 0.2)
    offered = (rng.random(rows)[:, None] > chances.cumsum(axis=1)).sum(axis=1)
    frame = pd.DataFrame(
        {
            "household": [f"h-{i}" for i in rng.integers(500, size=rows)],
            "spend": rng.gamma(2, 50, rows).round(2),
            "tariff": rng.choice(["basic", "plus"], rows),
            "page": rng.choice(["home", "shop"], rows),
            "favourite": np.array(OFFERS)[liked],
            "offer": np.array(OFFERS)[offered],
            "chance": chances[np.arange(rows), offered],
            "place": rng.choice(["hero", "strip"], rows),
            "sent_by": rng.choice(["web", "email"], rows),
            "sent_at": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(rows), unit="h"),
        }
    )
    drawn = 2.0 * (offered == liked) + (offered == 0) * frame["spend"] / 100 - 2.5
    frame["clicked"] = (rng.random(rows) < 1 / (1 + np.exp(-drawn))).astype(int)
    return frame


def written(folder: Path, frame: pd.DataFrame, mapping: str = MAPPING) -> tuple[str, str]:
    """The history and its mapping as files; their paths."""
    frame.to_csv(folder / "history.csv", index=False)
    (folder / "mapping.yaml").write_text(mapping)
    return str(folder / "history.csv"), str(folder / "mapping.yaml")
