"""What operations sees of a service's consumers: per consumer and partition, how far it is and what is held."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.messaging import consumer_metrics as metrics
from shared.messaging.lag import lag_seconds
from shared.messaging.store import HeldKey, HeldState, Place, Position, Stopped, Store


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """`lag` in records up to the newest end offset that the source's relay told, None before it told any;
    `lag_seconds`: age of the last event taken while others wait. `waiting` and `parked` in events.
    """

    log_id: str
    partition: int
    position: int
    next_offset: int
    lag: int | None
    lag_seconds: float
    waiting: int
    parked: int


@dataclass(frozen=True, slots=True)
class ConsumerStatus:
    """One consumer of the service's database. `quarantined` in records, `ignored` in events."""

    consumer: str
    stopped: Stopped | None
    quarantined: int
    ignored: int
    partitions: tuple[PartitionStatus, ...]


async def status(store: Store, consumers: Sequence[str]) -> Sequence[ConsumerStatus]:
    """Of `consumers`, in that order, from the database alone: any process of the service can tell."""
    return [await _status(store, consumer) for consumer in consumers]


async def _status(store: Store, consumer: str) -> ConsumerStatus:
    positions = await store.positions(consumer)
    ends: dict[str, Mapping[int, int]] = {}
    for log_id in {place.log_id for place in positions}:
        progress = await store.latest_progress(log_id)
        ends[log_id] = progress.end_offsets if progress else {}
    held = _by_place([key for _, key in await store.held_keys(consumer)])
    now = datetime.now(UTC)
    return ConsumerStatus(
        consumer=consumer,
        stopped=await store.stopped(consumer),
        quarantined=await store.count_quarantined(consumer),
        ignored=sum((await store.ignored(consumer)).values()),
        partitions=tuple(
            _partition(place, positions[place], ends[place.log_id].get(place.partition), held, now)
            for place in sorted(positions)
        ),
    )


def _partition(
    place: Place, at: Position, end: int | None, held: Mapping[tuple[Place, HeldState], int], now: datetime
) -> PartitionStatus:
    # A consumer may be ahead of what the relay told last.
    lag = None if end is None else max(0, end - at.next_offset)
    return PartitionStatus(
        log_id=place.log_id,
        partition=place.partition,
        position=at.position,
        next_offset=at.next_offset,
        lag=lag,
        lag_seconds=lag_seconds(lag or 0, at, now),
        waiting=held.get((place, HeldState.WAITING), 0),
        parked=held.get((place, HeldState.PARKED), 0),
    )


def _by_place(keys: Sequence[HeldKey]) -> Mapping[tuple[Place, HeldState], int]:
    held: Counter[tuple[Place, HeldState]] = Counter()
    for key in keys:
        held[Place(key.of.log_id, key.partition), key.state] += key.events
    return held


def show(consumers: Sequence[ConsumerStatus]) -> None:
    """Sets the gauges."""
    for found in consumers:
        metrics.STOPPED.labels(found.consumer).set(found.stopped is not None)
        metrics.QUARANTINED_NOW.labels(found.consumer).set(found.quarantined)
        metrics.HELD_NOW.labels(found.consumer, HeldState.WAITING).set(sum(at.waiting for at in found.partitions))
        metrics.HELD_NOW.labels(found.consumer, HeldState.PARKED).set(sum(at.parked for at in found.partitions))
