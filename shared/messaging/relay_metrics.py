"""What a relay shows in Prometheus. The label is the log's id."""

from prometheus_client import Gauge

STATES = ("standby", "relaying", "retrying", "refusing")

STATE = Gauge("relay_state", "1 for the state that the relay is in", ["log", "state"])
POSITION = Gauge("relay_position", "Last position that is on the topic, as far as this relay led", ["log"])
EPOCH = Gauge("relay_epoch", "Number of the leadership", ["log"])


def show(log_id: str, *, state: str, position: int, epoch: int) -> None:
    for name in STATES:
        STATE.labels(log_id, name).set(name == state)
    POSITION.labels(log_id).set(position)
    EPOCH.labels(log_id).set(epoch)
