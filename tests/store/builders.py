"""Changes with everything filled in but what a test is about."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from engine.change import Change, Loaded
from engine.codec import pack_attributes

DAY = 24 * 3600 * 1000


def change(loaded: Loaded, **fields: Any) -> Change:
    """A change made from what was loaded: one attribute, one record."""
    made = Change(
        customer_id=loaded.state.customer_id,
        revision=loaded.state.revision,
        sections={"attributes": pack_attributes({"plan": "basic"})},
        clock=loaded.now,
        entry=b"a record",
        decision_id=None,
        retention=30 * DAY,
    )
    return replace(made, **fields)
