"""What operations needs to know of one service: relay against log, consumers against their sources, held events.

Read from the service's own database, so that every process of it gives the same answer, also with Kafka down.
"""

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, TypedDict

from prometheus_client import REGISTRY

from shared.database.pool import Pool
from shared.eventstore.log import Log
from shared.messaging import consumer_status
from shared.messaging.consumer_status import ConsumerStatus
from shared.messaging.handler import EventHandler
from shared.messaging.postgres_relay_store import QUERIES as RELAY
from shared.messaging.relay import Relay
from shared.messaging.store import Store

# A relay polls every 200 ms and says something every few seconds, consumers take what comes at once: this far behind,
# or silent for so long, something is wrong, though commands still succeed.
BEHIND_SECONDS = 60.0
# A consumer whose session with the broker stalled this often within the window is beyond the watchdog's help.
STALLS = 3
STALL_WINDOW_SECONDS = 600.0


# What a service says of parts that it has beside relay and consumers.
Troubles = Callable[[], Awaitable[Sequence[str]]]


async def no_troubles() -> Sequence[str]:
    """There is nothing besides."""
    return ()


class Watched(Protocol):
    """A running service, as far as its status goes."""

    @property
    def log(self) -> Log: ...
    @property
    def pool(self) -> Pool: ...
    @property
    def store(self) -> Store: ...
    @property
    def handlers(self) -> Sequence[EventHandler]: ...
    @property
    def watch(self) -> "Watch": ...
    @property
    def troubles(self) -> Troubles: ...


@dataclass
class Watch:
    """What only the process that runs relay and consumers knows; empty in a process that answers HTTP alone."""

    relay: Relay | None = None
    consumers: Sequence[str] = ()
    clock: Callable[[], float] = time.monotonic
    _stalls: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def hanging(self) -> Sequence[str]:
        """Consumers that the watchdog restarts again and again without their moving on."""
        return [name for name in self.consumers if self._stalled_lately(name) >= STALLS]

    def _stalled_lately(self, consumer: str) -> float:
        labels = {"consumer": consumer, "reason": "stalled"}
        now, count = self.clock(), REGISTRY.get_sample_value("consumer_restarts_total", labels) or 0.0
        seen = [(at, then) for at, then in self._stalls.get(consumer, []) if now - at <= STALL_WINDOW_SECONDS]
        self._stalls[consumer] = [*seen, (now, count)]
        return count - self._stalls[consumer][0][1]


async def service_status(service: Watched) -> dict[str, Any]:
    """Relay, consumers and watermarks. Raises what the database raises."""
    relay = await _relay(service)
    names = [handler.name for handler in service.handlers]
    consumers = [
        await _consumer(service.store, handler, found)
        for handler, found in zip(service.handlers, await consumer_status.status(service.store, names), strict=True)
    ]
    return {
        "log_id": service.log.log_id,
        "relay": relay,
        "consumers": consumers,
        "degraded": [
            *_of_relay(relay),
            *_of_sources(consumers),
            *(said for each in consumers for said in _of(each)),
            *await service.troubles(),
        ],
    }


async def degraded(service: Watched) -> Sequence[str]:
    """What is not as it should be, though the service answers."""
    found: Sequence[str] = (await service_status(service))["degraded"]
    return found


def _of_relay(relay: "RelayView") -> Iterator[str]:
    if relay["problem"]:
        yield f"relay {relay['state']}: {relay['problem']}"
    if relay["lag_seconds"] > BEHIND_SECONDS:
        yield f"relay is {relay['lag_events']} positions behind the log"


def _of_sources(consumers: Sequence["ConsumerView"]) -> Iterator[str]:
    """Logs that are not heard of any more: what is behind them, nobody here can know."""
    heard = {source["log_id"]: source["source_time"] for consumer in consumers for source in consumer["sources"]}
    now = datetime.now(UTC)
    silent = {log_id: (now - last).total_seconds() for log_id, last in heard.items() if last}
    silent = {log_id: seconds for log_id, seconds in silent.items() if seconds > BEHIND_SECONDS}
    if silent:
        yield f"nothing heard of {', '.join(silent)} for {min(silent.values()):.0f} s: Kafka or a relay is away"


def _of(consumer: "ConsumerView") -> Iterator[str]:
    if consumer["stopped"]:
        yield f"consumer {consumer['name']} stopped: {consumer['stopped']}"
    if parked := consumer["parked_events"]:
        yield f"consumer {consumer['name']} has parked {parked} events: see `parked list`"
    if records := consumer["quarantined"]:
        yield f"consumer {consumer['name']} has quarantined {records} records: see `quarantine list`"
    for source in consumer["sources"]:
        if (source["lag_seconds"] or 0.0) > BEHIND_SECONDS:
            yield f"consumer {consumer['name']} is {source['lag_events']} positions behind {source['log_id']}"


async def held(store: Store) -> dict[str, Any]:
    """Keys that wait or are parked, and quarantined records: places and reasons, no bodies."""
    return {
        "keys": [
            {
                "consumer": consumer,
                "log_id": key.of.log_id,
                "key": key.of.key,
                "state": key.state,
                "events": key.events,
                "first_position": key.first_position,
                "since": key.since,
                "waits_for": key.waits_for,
                "reason": key.reason,
            }
            for consumer, key in await store.held_keys()
        ],
        "quarantined": [
            {
                "consumer": consumer,
                "topic": item.record.topic,
                "partition": item.record.partition,
                "offset": item.record.offset,
                "since": item.quarantined_at,
                "reason": item.reason,
            }
            for consumer, item in await store.quarantined()
        ],
    }


class RelayView(TypedDict):
    """The relay's checkpoint against the head of the log; `lag_seconds`: age of the first event not yet sent."""

    position: int
    head: int
    lag_events: int
    lag_seconds: float
    state: str | None
    problem: str | None


async def _relay(service: Watched) -> RelayView:
    checkpoint = await RELAY.checkpoint(service.pool)
    position, head = int(checkpoint["position"]), await service.log.head()
    unsent = await service.log.read(after=position, limit=1)
    running = service.watch.relay.status if service.watch.relay else None
    return RelayView(
        position=position,
        head=head,
        lag_events=max(0, head - position),
        lag_seconds=(datetime.now(UTC) - unsent[0].recorded_at).total_seconds() if unsent else 0.0,
        state=running.state if running else None,
        problem=running.problem if running else None,
    )


class SourceView(TypedDict):
    """One log that a consumer reads: `lag_events` in positions, a partition's `lag` in records.

    `source_position` and `source_time`: what the log's relay told last, None before it told anything.
    """

    log_id: str
    watermark: int
    watermark_time: datetime | None
    held_keys: int
    source_position: int | None
    source_time: datetime | None
    lag_events: int | None
    lag_seconds: float | None
    partitions: list[dict[str, Any]]


class ConsumerView(TypedDict):
    """One consumer of the service; `quarantined` in records. `types`: what it declares; others are ignored.

    `versions`: the newest that it reads of each.
    """

    name: str
    stopped: str | None
    stopped_since: datetime | None
    waiting_events: int
    parked_events: int
    quarantined: int
    ignored_events: int
    types: list[str]
    versions: dict[str, int]
    sources: list[SourceView]


async def _consumer(store: Store, handler: EventHandler, found: ConsumerStatus) -> ConsumerView:
    return ConsumerView(
        name=found.consumer,
        stopped=found.stopped.reason if found.stopped else None,
        stopped_since=found.stopped.since if found.stopped else None,
        waiting_events=sum(at.waiting for at in found.partitions),
        parked_events=sum(at.parked for at in found.partitions),
        quarantined=found.quarantined,
        ignored_events=found.ignored,
        types=sorted(declared.__name__ for declared in handler.types),
        versions={declared.__name__: declared.schema_version for declared in handler.types},
        sources=[await _source(store, found, source) for source in handler.sources],
    )


async def _source(store: Store, found: ConsumerStatus, source: str) -> SourceView:
    watermark = await store.watermark(found.consumer, source)
    latest = await store.latest_progress(source)
    reached = watermark.position if watermark else 0
    behind = (latest.time - watermark.time).total_seconds() if latest and watermark else None
    return SourceView(
        log_id=source,
        watermark=reached,
        watermark_time=watermark.time if watermark else None,
        held_keys=len(watermark.held_keys) if watermark else 0,
        source_position=latest.position if latest else None,
        source_time=latest.time if latest else None,
        lag_events=max(0, latest.position - reached) if latest else None,
        lag_seconds=max(0.0, behind) if behind is not None else None,
        partitions=[asdict(at) for at in found.partitions if at.log_id == source],
    )
