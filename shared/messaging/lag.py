"""How late a consumer is."""

from datetime import datetime

from shared.messaging.store import Position


def lag_seconds(lag: int, position: Position, now: datetime) -> float:
    """Age in seconds of the last event that was taken, while `lag` others wait behind it; 0 without lag."""
    if lag <= 0 or position.recorded_at is None:
        return 0.0
    return max(0.0, (now - position.recorded_at).total_seconds())
