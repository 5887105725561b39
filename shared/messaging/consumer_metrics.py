"""What a consumer counts and shows in Prometheus. Labels are consumers, sources and partitions: never keys or types."""

from prometheus_client import Counter, Gauge

from shared.messaging.outcome import Outcome

APPLIED = Counter("consumer_events_applied", "Events applied", ["consumer"])
IGNORED = Counter("consumer_events_ignored", "Events of types that the consumer does not declare", ["consumer"])
DUPLICATES = Counter("consumer_events_duplicate", "Events fetched again and dropped", ["consumer"])
HELD = Counter("consumer_events_held", "Events that went to wait or were parked", ["consumer", "state"])
QUARANTINED = Counter("consumer_records_quarantined", "Records without a readable place in a log", ["consumer"])
GAPS = Counter("consumer_gaps", "Gaps met: fetched again from before them", ["consumer"])
RETRIES = Counter("consumer_batch_retries", "Batches tried again after an error", ["consumer"])
RESTARTS = Counter("consumer_restarts", "Sessions with the broker that were begun anew", ["consumer", "reason"])

HELD_NOW = Gauge("consumer_held_events", "Events that wait or are parked now", ["consumer", "state"])
QUARANTINED_NOW = Gauge("consumer_quarantined_records", "Records in quarantine that nobody has dismissed", ["consumer"])
LAG_EVENTS = Gauge("consumer_lag_events", "Records not yet fetched", ["consumer", "source", "partition"])
LAG_SECONDS = Gauge(
    "consumer_lag_seconds", "Age of the last applied event while others wait", ["consumer", "source", "partition"]
)
STOPPED = Gauge("consumer_stopped", "1 while too many failures have stopped the consumer", ["consumer"])


def count(consumer: str, outcome: Outcome) -> None:
    APPLIED.labels(consumer).inc(outcome.applied)
    IGNORED.labels(consumer).inc(outcome.ignored)
    DUPLICATES.labels(consumer).inc(outcome.duplicates)
    HELD.labels(consumer, "waiting").inc(outcome.waiting)
    HELD.labels(consumer, "parked").inc(outcome.parked)
    QUARANTINED.labels(consumer).inc(outcome.quarantined)
    GAPS.labels(consumer).inc(len(outcome.gaps))
