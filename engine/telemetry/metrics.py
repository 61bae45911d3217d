"""What is counted, by the names an operator sees on `/metrics`: docs/operating.md lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from engine.models.routing import Alias
from engine.telemetry.workers import exposition

_BUCKETS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
_DIFFERENCES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


class Metrics:
    """The counters of one process. Every method is a few microseconds at most."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        count = partial(Counter, registry=self._registry)
        latest = partial(Gauge, multiprocess_mode="mostrecent", registry=self._registry)
        spread = partial(Histogram, registry=self._registry)
        self._decisions = count(
            "teller_decisions",
            "Placements answered, by placement and what went into them",
            ["placement", "result"],
        )
        self._unkept = count(
            "teller_unkept_decisions",
            "Requests decided of which nothing is kept: previews, bots",
            ["mode"],
        )
        self._placement = cache(self._decisions.labels)  # which takes a lock to find it again
        self._latency = spread(
            "teller_decision_seconds", "Time to answer a request to decide", buckets=_BUCKETS
        )
        self._degraded = count("teller_degraded", "Requests answered by fallbacks", ["reason"])
        self._conflicts = count("teller_conflicts", "Commits that found the customer changed")
        self._reloads = count(
            "teller_reloads", "Changed catalogues and models, taken or refused", ["what", "result"]
        )
        self._shares = latest(
            "teller_model_share",
            "Of all customers, whom a version decides for; a shadow decides for nobody",
            ["role", "version"],
        )
        self._serving: Mapping[tuple[Alias, str], float] = {}
        self._shadowed = count(
            "teller_shadow_scored",
            "What the shadow scored too, and whether it had the same favourite",
            ["favourite"],
        )
        self._difference = spread(
            "teller_shadow_difference",
            "Mean distance of the shadow's propensities from those used",
            buckets=_DIFFERENCES,
        )
        self._interactions = count("teller_interactions", "Interactions, by fate", ["result"])
        self._sampled = count("teller_sampled_decisions", "Decisions looked at closely, one in 128")
        self._shown = count(
            "teller_sampled_actions",
            "Actions shown in those, by whether they had less than an even chance",
            ["explored"],
        )
        self._lacking = count(
            "teller_sampled_missing",
            "Those of them that lacked a field which rules or templates ask for",
            ["field"],
        )
        self._archived = count("teller_archive_rows", "Rows taken into the archive", ["kind"])
        self._poison = count("teller_archive_poison", "Log entries set aside as unreadable")
        self._behind = latest(
            "teller_archive_behind_seconds",
            "Age of the latest log entry taken into the archive when it was",
        )
        self._trimmed = count("teller_log_trimmed", "Log entries let go", ["state"])
        self._events = count("teller_events", "Events of other systems, by fate", ["result"])
        self._ignored = count(
            "teller_event_traits_ignored", "Traits of events that the catalogue does not declare"
        )
        self._learned = count("teller_learned_answers", "Offers the learner has learned of")
        self._learning_behind = latest(
            "teller_learning_behind_seconds",
            "Age of the oldest log entry the learner has yet to read, when it last looked",
        )
        self._snapshot = latest(
            "teller_learning_snapshot_timestamp_seconds",
            "When the learner last published a snapshot; its age is time() less this",
        )

    def decided(self, placement: str, fallback: bool) -> None:
        """A placement was answered."""
        self._placement(placement, "fallback" if fallback else "personalised").inc()

    def unkept(self, mode: str) -> None:
        """A preview, or a bot's request, was answered."""
        self._unkept.labels(mode).inc()

    def took(self, seconds: float) -> None:
        """A request to decide was answered in `seconds`."""
        self._latency.observe(seconds)

    def sampled(self, shown: int, explored: int, lacking: Sequence[str]) -> None:
        """A decision was looked at closely: how many actions it showed, how many of them had
        less than an even chance, and the fields it lacked."""
        self._sampled.inc()
        self._shown.labels("yes").inc(explored)
        self._shown.labels("no").inc(shown - explored)
        for field in lacking:
            self._lacking.labels(field).inc()

    def degraded(self, reason: str) -> None:
        """A request was answered by fallbacks because of `reason`, a short code."""
        self._degraded.labels(reason).inc()

    def conflict(self) -> None:
        """A commit found the customer changed by someone else."""
        self._conflicts.inc()

    def reloaded(self, what: str, taken: bool) -> None:
        """A changed catalogue or model was taken, or refused."""
        self._reloads.labels(what, "taken" if taken else "refused").inc()

    def serving(self, shares: Mapping[tuple[Alias, str], float]) -> None:
        """These versions serve, by role; what served before does no more."""
        for (role, version), share in {**dict.fromkeys(self._serving, 0.0), **shares}.items():
            self._shares.labels(role, version).set(share)
        self._serving = shares

    def shadowed(self, difference: float, same: bool) -> None:
        """The shadow was asked for what was decided; whether it had the same favourite."""
        self._shadowed.labels("same" if same else "other").inc()
        self._difference.observe(difference)

    def interactions(self, accepted: int, duplicates: int, rejected: int, bots: int) -> None:
        """A request with interactions was answered."""
        self._interactions.labels("accepted").inc(accepted)
        self._interactions.labels("duplicate").inc(duplicates)
        self._interactions.labels("rejected").inc(rejected)
        self._interactions.labels("bot").inc(bots)

    def archived(self, rows: Mapping[str, int], poison: int, behind: float) -> None:
        """So many rows of each kind were taken into the archive, so many entries set aside."""
        for kind, count in rows.items():
            self._archived.labels(kind).inc(count)
        self._poison.inc(poison)
        self._behind.set(behind)

    def learned(self, answers: int, behind: float) -> None:
        """So many offers were learned of; the logs are read up to `behind` seconds ago."""
        self._learned.inc(answers)
        self._learning_behind.set(behind)

    def snapshot(self, at: float) -> None:
        """The learner published a snapshot, at that time (seconds)."""
        self._snapshot.set(at)

    def trimmed(self, gone: int, unread: int) -> None:
        """Log entries were let go, some of them not in the archive."""
        self._trimmed.labels("read").inc(gone - unread)
        self._trimmed.labels("unread").inc(unread)

    def events(
        self, accepted: int, duplicates: int, aside: int, refused: int, bots: int, ignored: int
    ) -> None:
        """A delivery of events was answered; `ignored` counts traits, the others events."""
        for result, count in (
            ("accepted", accepted),
            ("duplicate", duplicates),
            ("quarantined", aside),
            ("refused", refused),
            ("bot", bots),
        ):
            self._events.labels(result).inc(count)
        self._ignored.inc(ignored)

    def exposition(self) -> bytes:
        """All workers' metrics in Prometheus' text format."""
        return exposition(self._registry)
