"""What webhooks show in Prometheus. The label is the subscription's id: never an address, a key or a type."""

from collections.abc import Sequence
from datetime import UTC, datetime

from prometheus_client import Counter, Gauge

from services.operations.webhooks.tables import State, Subscription

ATTEMPTS = Counter("webhook_attempts", "Deliveries that were tried", ["verdict"])
WAITING = Gauge("webhook_waiting_deliveries", "Deliveries that have not gone out", ["subscription"])
PARKED = Gauge("webhook_parked_deliveries", "Deliveries behind one that failed too often", ["subscription"])
LAG_SECONDS = Gauge(
    "webhook_lag_seconds", "Age of the first delivery that has not gone out, unless paused", ["subscription"]
)


def show(subscriptions: Sequence[Subscription]) -> None:
    """Sets the gauges; those of a subscription that is gone disappear."""
    now = datetime.now(UTC)
    for gauge in (WAITING, PARKED, LAG_SECONDS):
        gauge.clear()
    for found in subscriptions:
        label = str(found.subscription_id)
        WAITING.labels(label).set(found.waiting)
        PARKED.labels(label).set(found.parked)
        LAG_SECONDS.labels(label).set(lag_seconds(found, now))


def lag_seconds(found: Subscription, now: datetime) -> float:
    """How long the first delivery waits; 0 where nothing does, or nothing is to go out now."""
    return (now - found.oldest).total_seconds() if found.oldest and found.state is State.ACTIVE else 0.0
