"""What the operator sees: logs as JSON lines, and metrics for Prometheus.

`logs` writes the one, `metrics` counts for the other, `workers` lets several processes count
together. It must hold no personal data: neither a customer's id nor a value of an attribute is
ever logged or a label; a decision's id is what correlates.
"""

from engine.telemetry.logs import configure_logs, placed
from engine.telemetry.metrics import Metrics
from engine.telemetry.workers import MULTIPROCESS, share_metrics

__all__ = ["MULTIPROCESS", "Metrics", "configure_logs", "placed", "share_metrics"]
