"""What the listener counts, as Prometheus reads it.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "aa_pipeline_listener_"

# Name → kind and meaning.
METRICS = {
    "accepted_records_total": ("counter", "Records that were acknowledged and are on the disk."),
    "put_aside_records_total": ("counter", "Records among them that make no sense, and go to quarantine."),
    "refused_requests_total": ("counter", "Requests that were refused, by reason."),
    "landed_records_total": ("counter", "Records that are in the database."),
    "failed_landings_total": ("counter", "Landings that failed; what they held is kept and tried again."),
    "spool_bytes": ("gauge", "Bytes that wait for the database."),
    "landing_lag_seconds": ("gauge", "For how long the oldest record has waited for the database."),
}


class Counters:
    """Numbers that only grow, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()

    def add(self, metric: str, number: int = 1, **labels: str) -> None:
        """Count some more of a metric."""
        with self._lock:
            self._counts[metric, tuple(labels.items())] += number

    def page(self, gauges: Callable[[], Mapping[str, float]]) -> bytes:
        """All metrics; what has been counted as landed is no longer in the gauges, which are read after."""
        with self._lock:
            samples = [(*key, float(value)) for key, value in self._counts.items()]
        samples += [(name, (), value) for name, value in gauges().items()]
        lines = []
        for metric, (kind, meaning) in METRICS.items():
            lines += [f"# HELP {PREFIX}{metric} {meaning}", f"# TYPE {PREFIX}{metric} {kind}"]
            # Labels are names of teams, signals and reasons: none has a character to be escaped.
            lines += [
                f"{PREFIX}{metric}{_labels(labels)} {value:.15g}"
                for name, labels, value in sorted(samples)
                if name == metric
            ]
        return "".join(f"{line}\n" for line in lines).encode()


def _labels(labels: tuple[tuple[str, str], ...]) -> str:
    inside = ",".join(f'{name}="{value}"' for name, value in labels)
    return f"{{{inside}}}" if inside else ""
