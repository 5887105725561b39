"""The processes of a run: relays that lead and lose the lead, consumers that fetch, fall behind and begin anew."""

from collections.abc import Sequence
from random import Random
from typing import Any, cast

from shared.contracts.envelope import FetchedRecord
from shared.eventstore.log import LogUnavailable
from shared.messaging.agreement import LogAndTopicDisagree
from shared.messaging.consumer import Consumer
from shared.messaging.handler import Received
from shared.messaging.relay import Relay
from shared.messaging.relay_store import Fenced, SessionLost
from shared.messaging.start_offsets import StartOffsets
from shared.messaging.stop_rule import StopRule
from shared.messaging.store import Place
from shared.messaging.topic import SendFailed, Topic, TopicUnavailable
from shared.messaging.topic_peek import TopicPeek
from tests.fixtures.notes import SOURCE, Keeper
from tests.simulation.ports import GatedLog, GatedRelayStore, GatedTopic, MemoryPeek
from tests.simulation.schedule import Crashed
from tests.simulation.world import TOPIC, World, keep_position

NEVER_STOP = StopRule(share=2.0)
ENDS_A_TERM = (SendFailed, TopicUnavailable, Fenced, SessionLost, LogUnavailable)


class GatedKeeper(Keeper):
    """The handler of one process; it can end in the middle of a transaction, and just before the commit."""

    def __init__(self, actor: str, world: World) -> None:
        super().__init__(write=keep_position)
        self.bad = world.bad
        self._actor = actor
        self._schedule = world.schedule

    async def apply(self, tx: Any, batch: Sequence[Received]) -> None:
        await self._schedule.gate(self._actor, "apply")
        await super().apply(tx, batch)
        await self._schedule.gate(self._actor, "commit")


async def run_relay(actor: str, world: World) -> None:
    """One relay process after the other: each takes the lead when it can."""
    schedule = world.schedule

    async def open_topic() -> Topic:
        return GatedTopic(actor, schedule, world.broker)

    while True:
        try:
            await schedule.gate(actor, "standby")
            log = GatedLog(actor, schedule, world.log)
            await Relay(log, GatedRelayStore(actor, schedule, world.relays), open_topic, clock=world.now).lead_once()
        except ENDS_A_TERM as error:
            schedule.note(f"{actor} ends its term: {error}")
        except LogAndTopicDisagree as refusal:
            schedule.note(f"{actor} refuses: {refusal}")
            world.refusal = refusal
        except Crashed:
            schedule.note(f"{actor} is started again")


async def run_consumer(actor: str, world: World) -> None:
    """One consumer process after the other; all of them read all partitions, as if assignments overlapped."""
    while True:
        consumer = Consumer(GatedKeeper(actor, world), world.store, topics={TOPIC: SOURCE}, stop_rule=NEVER_STOP)
        try:
            await world.schedule.gate(actor, "assign")
            await _session(actor, world, consumer)
        except Crashed:
            world.schedule.note(f"{actor} is started again")


async def _session(actor: str, world: World, consumer: Consumer) -> None:
    """Fetches until something speaks for beginning anew: an offset out of range, or a gap that stays."""
    starts = StartOffsets(consumer, cast("TopicPeek", MemoryPeek(world.broker)))
    offsets = await starts.find_all()
    while True:
        await world.schedule.gate(actor, "fetch")
        records: list[FetchedRecord] = []
        for partition, offset in sorted(offsets.items()):
            there = world.broker.records[partition.partition]
            if offset > len(there):
                return
            fetched = there[offset : offset + _some(world.schedule.random)]
            offsets[partition] = offset + len(fetched)
            records.extend(fetched)
        await world.schedule.gate(actor, "handle")
        outcome = await consumer.handle(records)
        for partition in offsets:
            place = Place(SOURCE, partition.partition)
            if place in outcome.gaps:
                offsets[partition], gaps = await starts.after_gap(partition, place)
                if gaps > 3:
                    return
            elif any(record.partition == partition.partition for record in records):
                starts.passed(place)
        await consumer.release()


async def run_operator(actor: str, world: World) -> None:
    """Redrives what is parked, one key after the other, also while its cause is not repaired."""
    while True:
        try:
            await world.schedule.gate(actor, "redrive")
            await world.redrive_one()
        except Crashed:
            world.schedule.note(f"{actor} gives up")


def _some(random: Random) -> int:
    return random.randrange(4)
