"""What became of the rows or events of a request."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Fate:
    """Counts, and why what was rejected was, by where it stands in the request. `refused`: what
    its sender may not say; `bots`: what bots did."""

    accepted: int = 0
    duplicates: int = 0
    refused: int = 0
    bots: int = 0
    rejected: dict[int, str] = field(default_factory=dict)

    def add(self, other: Fate) -> None:
        """Count another's too."""
        self.accepted += other.accepted
        self.duplicates += other.duplicates
        self.refused += other.refused
        self.bots += other.bots
        self.rejected.update(other.rejected)
