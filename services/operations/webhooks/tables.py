"""Rows of the tables of webhooks, as the code has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.contracts.envelope import RecordedEvent


class State(StrEnum):
    """Of a subscription. One that ended never begins again: its receiver makes another."""

    ACTIVE = "active"
    PAUSED = "paused"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Wanting:
    """A subscription, as far as the consumer knows it. `within`: units that an event has to concern, all of them."""

    subscription_id: UUID
    within: frozenset[UUID]
    types: frozenset[str]
    made_at: datetime

    def wants(self, recorded: RecordedEvent) -> bool:
        """What was recorded before it was made is on the topics."""
        return recorded.type in self.types and recorded.recorded_at > self.made_at


@dataclass(frozen=True, slots=True)
class Subscription:
    """`waiting` and `parked` deliveries (the former includes the latter); `oldest`: since when the first waits."""

    subscription_id: UUID
    unit_id: UUID
    url: str
    types: Sequence[str]
    state: State
    reason: str | None
    made_by: str
    made_at: datetime
    former_secret_until: datetime | None
    waiting: int
    parked: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """The deliveries of one key that stand behind the first one. `parked_at`: since when, None while it is tried."""

    subscription_id: UUID
    log_id: str
    key: str
    waiting: int
    attempts: int
    next_attempt_at: datetime
    parked_at: datetime | None
    reason: str | None
    first_type: str
    first_position: int
    first_event_id: UUID


@dataclass(frozen=True, slots=True)
class Lease:
    """A subscription that one deliverer has for itself. `epoch` fences who had it before."""

    subscription_id: UUID
    url: str
    secrets: tuple[str, ...]
    epoch: int


@dataclass(frozen=True, slots=True)
class Head:
    """The first delivery of a line: the one that may be sent. `attempts` that failed so far."""

    log_id: str
    key: str
    attempts: int
    position: int
    event_id: UUID
    type: str
    schema_version: int
    stream: str
    recorded_at: datetime
    data: str
