"""The processes of a run: relays that lead and lose the lead, consumers that fetch, fall behind and begin anew."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast
from uuid import UUID

from aiokafka import TopicPartition

from shared.contracts.envelope import FetchedRecord
from shared.eventstore.log import LogUnavailable
from shared.messaging.agreement import LogAndTopicDisagree
from shared.messaging.consumer import Consumer
from shared.messaging.intake import Intake, Pace
from shared.messaging.parking import NotHeld, dry_run, redrive
from shared.messaging.relay import Relay
from shared.messaging.relay_store import Fenced, SessionLost
from shared.messaging.start_offsets import StartOffsets, replaced_unseen
from shared.messaging.stop_rule import StopRule
from shared.messaging.store import HeldState, Place
from shared.messaging.topic import SendFailed, Topic, TopicUnavailable
from shared.messaging.topic_peek import TopicPeek
from tests.simulation.broker import GatedTopic, MemoryPeek, SimulatedBroker
from tests.simulation.databases import GatedLog, GatedRelayStore, GatedStore
from tests.simulation.handlers import Directory, Facts, Handler, Process, RollCalls
from tests.simulation.schedule import Crashed, Schedule
from tests.simulation.service import Service

NEVER_STOP = StopRule(share=2.0)
AT_ONCE = Pace(first_retry=0.0, longest_retry=0.0)
ENDS_A_TERM = (SendFailed, TopicUnavailable, Fenced, SessionLost, LogUnavailable)
GAPS_BEFORE_A_NEW_SESSION = 3


@dataclass
class Cluster:
    """What processes find around them. `shares`: by consumer process, the partitions that it reads (unset: all)."""

    schedule: Schedule
    services: dict[str, Service]
    clock: Callable[[], datetime]
    poison: set[UUID] = field(default_factory=set)
    shares: dict[str, frozenset[TopicPartition]] = field(default_factory=dict)

    def handler(self, name: str, actor: str, service: Service) -> Handler:
        process = Process(actor, self.schedule, self.poison)
        if name == RollCalls.name:
            return RollCalls(process, GatedLog(actor, self.schedule, service.current_log))
        return Facts(process) if name == Facts.name else Directory(process)

    def brokers(self, handler: Handler) -> dict[str, SimulatedBroker]:
        found = [self.services[source].broker for source in handler.sources]
        return {broker.name: broker for broker in found}


async def run_relay(actor: str, cluster: Cluster, service: Service) -> None:
    """One relay process after the other: each takes the lead when it can."""
    schedule = cluster.schedule

    async def open_topic() -> Topic:
        return GatedTopic(actor, schedule, service.broker)

    while True:
        try:
            log, store = (
                GatedLog(actor, schedule, service.current_log),
                GatedRelayStore(actor, schedule, service.relays),
            )
            await Relay(log, store, open_topic, clock=cluster.clock).lead_once()
        except ENDS_A_TERM as error:
            schedule.note(f"{actor} ends its term: {error}", f"term ended: {type(error).__name__}")
        except LogAndTopicDisagree as refusal:
            schedule.note(f"{actor} refuses: {refusal}", "relay refused")
            service.refusal = refusal
        except Crashed:
            schedule.note(f"{actor} is started again")


async def run_consumer(actor: str, cluster: Cluster, service: Service, name: str) -> None:
    """One consumer process after the other."""
    while True:
        try:
            await cluster.schedule.gate(actor, "starts to consume")
            handler = cluster.handler(name, actor, service)
            store = GatedStore(actor, cluster.schedule, service.store)
            topics = {cluster.services[source].broker.name: source for source in handler.sources}
            await _Session(actor, cluster, Consumer(handler, store, topics=topics, stop_rule=NEVER_STOP)).run()
        except Crashed:
            cluster.schedule.note(f"{actor} is started again")


class _Session:
    """Fetches until something speaks for beginning anew: an offset out of range, a gap that stays, another share."""

    def __init__(self, actor: str, cluster: Cluster, consumer: Consumer) -> None:
        self._actor = actor
        self._cluster = cluster
        self._consumer = consumer
        self._brokers = cluster.brokers(cast("Handler", consumer.handler))
        self._share = cluster.shares.get(actor)
        self._peek = cast("TopicPeek", MemoryPeek(self._brokers.values()))
        self._starts = StartOffsets(consumer, self._peek)

    async def run(self) -> None:
        schedule = self._cluster.schedule
        intake = Intake(self._consumer, AT_ONCE)
        everywhere = await self._starts.find_all()
        offsets = {place: at for place, at in everywhere.items() if self._share is None or place in self._share}
        while True:
            await schedule.gate(self._actor, "fetches")
            if self._cluster.shares.get(self._actor) != self._share and not schedule.happens(0.5):
                return schedule.note(f"{self._actor} learns that it has other partitions", "rebalanced")
            records = self._fetch(offsets)
            if records is None:
                return schedule.note(f"{self._actor} fetches out of range", "offset out of range")
            if records:
                outcome = await intake.take(records)
                if await self._fetch_again(offsets, records, set(outcome.gaps)):
                    return None
            elif await self._replaced(offsets):
                return schedule.note(f"{self._actor} is at the end without what was sent", "topic as long as before")
            if any(key.ready for _, key in await self._consumer.store.held_keys(self._consumer.name)):
                with suppress(OSError):  # it is tried again, as `Intake.keep_releasing` does
                    await self._consumer.release()

    def _fetch(self, offsets: dict[TopicPartition, int]) -> list[FetchedRecord] | None:
        records: list[FetchedRecord] = []
        for place, offset in sorted(offsets.items()):
            broker = self._brokers[place.topic]
            if not broker.has(place.partition, offset):
                return None
            count = self._cluster.schedule.random.randrange(4) if self._cluster.schedule.faults else 1000
            fetched = broker.kept(place.partition, offset, count)
            offsets[place] = offset + len(fetched)
            records.extend(fetched)
        return records

    async def _replaced(self, offsets: dict[TopicPartition, int]) -> bool:
        positions = await self._consumer.store.positions(self._consumer.name)
        return await replaced_unseen(self._consumer, self._peek, await self._peek.ends(offsets), positions)

    async def _fetch_again(
        self, offsets: dict[TopicPartition, int], records: list[FetchedRecord], gaps: set[Place]
    ) -> bool:
        """True if a gap stays, so that a new session is due."""
        for partition in sorted({TopicPartition(record.topic, record.partition) for record in records}):
            place = Place(self._consumer.topics[partition.topic], partition.partition)
            if place not in gaps:
                self._starts.passed(place)
                continue
            self._cluster.schedule.note(f"{self._actor} sees a gap in {place}", "gap")
            offsets[partition], in_a_row = await self._starts.after_gap(partition, place)
            if in_a_row > GAPS_BEFORE_A_NEW_SESSION:
                return True
        return False


async def run_operator(actor: str, cluster: Cluster, service: Service) -> None:
    """Redrives what is parked, one key after the other, also while its cause is not repaired; rehearses it first."""
    schedule = cluster.schedule
    while True:
        try:
            await schedule.gate(actor, "looks for parked keys")
            held = await service.store.held_keys()
            parked = sorted((name, key.of) for name, key in held if key.state is HeldState.PARKED)
            if not parked:
                continue
            name, of = schedule.random.choice(parked)
            store, handler = GatedStore(actor, schedule, service.store), cluster.handler(name, actor, service)
            if schedule.happens(0.3):
                await dry_run(store, handler, of)
                schedule.note(f"{actor} rehearsed {of.key[-4:]} of {of.log_id} at {name}", "dry run")
            done = await redrive(store, handler, of)
            schedule.note(f"{actor} redrove {of.key[-4:]} of {of.log_id} at {name}: {done.applied} events", "redrive")
        except (NotHeld, OSError) as error:
            schedule.note(f"{actor} gives up: {error!r}")
        except Crashed:
            schedule.note(f"{actor} is started again")
