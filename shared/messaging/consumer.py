"""The core of a consumer: a batch of fetched records becomes effects exactly once, over the Store port.

Effects and positions are one transaction. Duplicates are decided by (log id, position) alone; offsets only say where to
fetch. Events end applied, ignored (type not declared here), waiting (for a name) or parked (failed); the last two
hold their key, so that order within it stays while others go on. What has no place in a log is quarantined.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import structlog

from shared.contracts.envelope import FetchedRecord
from shared.failpoints import failpoint
from shared.messaging import consumer_metrics
from shared.messaging.application import ONE_BY_ONE, Application, Applied, TooManyToTryEach, held_key, key_of
from shared.messaging.arrival import Arrived, Followed, Looked, follow
from shared.messaging.handler import EventHandler, Received
from shared.messaging.outcome import Outcome
from shared.messaging.parking import release_next
from shared.messaging.reading import is_ignored, read_records
from shared.messaging.stop_rule import StopRule
from shared.messaging.store import HeldEvent, HeldKey, HeldState, KeyOf, Place, Store, StoreTransaction

log = structlog.get_logger(__name__)


class Consumer:
    """One handler at one store. `topics`: the log id that each topic carries, e.g. {"membership.events": "membership"}.

    Any number of processes may run the same consumer: the locked positions let one of them apply each event.
    """

    def __init__(
        self, handler: EventHandler, store: Store, *, topics: Mapping[str, str], stop_rule: StopRule | None = None
    ) -> None:
        self.name = handler.name
        self.handler = handler
        self.store = store
        self.topics = dict(topics)
        self._stop_rule = stop_rule or StopRule()

    async def handle(self, records: Sequence[FetchedRecord]) -> Outcome:
        """Reads a batch and takes it."""
        return await self.take(self.read(records))

    def read(self, records: Iterable[FetchedRecord]) -> Sequence[Looked]:
        """All that does not depend on what was taken before: it may be done while another batch is being taken."""
        return read_records(self.handler, records)

    async def take(self, batch: Sequence[Looked]) -> Outcome:
        """Takes a batch of any of its topics, each partition's records in offset order.

        Raises what is transient, and `ConsumerStopped`: then the same batch must come again. Nothing of it happened,
        or (of a large one, in which something failed) parts from its beginning did, which count as duplicates then.
        """
        try:
            return await self._take_in_one(batch)
        except TooManyToTryEach:
            outcome = Outcome()
            for start in range(0, len(batch), ONE_BY_ONE):
                outcome.add(await self._take_in_one(batch[start : start + ONE_BY_ONE]))
            return outcome

    async def _take_in_one(self, batch: Sequence[Looked]) -> Outcome:
        by_place: dict[Place, list[Looked]] = defaultdict(list)
        for item in batch:
            by_place[Place(self.topics[item.record.topic], item.record.partition)].append(item)
        async with self.store.transaction() as tx:
            outcome = await self._advance(tx, by_place)
            failpoint("consumer.before_commit")
        failpoint("consumer.after_commit")
        self._report(outcome)
        return outcome

    async def release(self) -> int:
        """Goes on with keys whose awaited name was announced; the number of keys that were tried."""
        tried = 0
        while await release_next(self.store, self.handler):
            tried += 1
        return tried

    async def _advance(self, tx: StoreTransaction, by_place: Mapping[Place, Sequence[Looked]]) -> Outcome:
        positions = await tx.lock_positions(self.name, by_place.keys())
        followed = {place: follow(place, positions[place], by_place[place]) for place in sorted(by_place)}
        outcome = await self._apply(tx, [arrived for part in followed.values() for arrived in part.fresh])
        outcome.duplicates = sum(part.duplicates for part in followed.values())
        outcome.quarantined = await self._quarantine(tx, followed)
        for place, part in followed.items():
            if part.gap:
                outcome.gaps[place] = f"{part.gap.position} follows {part.gap.prev}, read was {part.position.position}"
        moved = {place: part.position for place, part in followed.items() if part.position != positions[place]}
        await tx.save_positions(self.name, moved)
        return outcome

    async def _quarantine(self, tx: StoreTransaction, followed: Mapping[Place, Followed]) -> int:
        records = [item for part in followed.values() for item in part.quarantined]
        return await tx.quarantine(self.name, records) if records else 0

    async def _apply(self, tx: StoreTransaction, fresh: Sequence[Arrived]) -> Outcome:
        """Everything for the new events but their positions."""
        declared, ignored = list[Arrived](), Counter[tuple[str, str]]()
        for arrived in fresh:
            if is_ignored(self.handler, arrived):
                ignored[arrived.log_id, arrived.type] += 1
            else:
                declared.append(arrived)
        if ignored:
            await tx.count_ignored(self.name, ignored)
        if not declared:
            return Outcome(ignored=len(fresh))
        before = await tx.lock_keys(self.name, {arrived.of for arrived in declared})
        application = Application(self.handler, tx, self.store.is_transient)
        free, new = self._sort(application, declared, before)
        applied = await application.apply(free)
        new |= applied.failed  # an event that failed stands before one of its key that could not be decoded
        await self._check_stop_rule(tx, declared=len(declared), new=new)
        held = await self._hold(tx, declared, applied, new) if before or new else []
        states = Counter({**before, **new}[event.of].state for event in held)
        return Outcome(
            applied=len(applied.done),
            ignored=len(fresh) - len(declared),
            waiting=states[HeldState.WAITING],
            parked=states[HeldState.PARKED],
        )

    def _sort(
        self, application: Application, declared: Sequence[Arrived], before: Mapping[KeyOf, HeldKey]
    ) -> tuple[list[Received], dict[KeyOf, HeldKey]]:
        """The events that nothing holds, and the keys that are held (or for another reason) from now on."""
        free: list[Received] = []
        new: dict[KeyOf, HeldKey] = {}
        for arrived in declared:
            held = new.get(arrived.of) or before.get(arrived.of)
            if arrived.received is None:
                if held is None:
                    new[arrived.of] = held_key(arrived.of, arrived.record.partition, arrived.reason)
            elif held is None:
                free.append(arrived.received)
            elif application.is_awaited_by(arrived.received, held):
                reason = f"{held.waits_for} is awaited, but comes from this key itself"
                new[arrived.of] = held_key(arrived.of, arrived.record.partition, reason)
        return free, new

    async def _hold(
        self, tx: StoreTransaction, declared: Sequence[Arrived], applied: Applied, new: Mapping[KeyOf, HeldKey]
    ) -> Sequence[HeldEvent]:
        done = {(key_of(received), received.recorded.position) for received in applied.done}
        held = [
            HeldEvent(arrived.of, arrived.position, arrived.type, arrived.record)
            for arrived in declared
            if (arrived.of, arrived.position) not in done
        ]
        for key in new.values():
            await tx.put_key(self.name, key)
            log.error("key held", consumer=self.name, key=key.of, state=key.state, reason=key.reason)
        if held:
            await tx.hold(self.name, held)
        return held

    async def _check_stop_rule(self, tx: StoreTransaction, *, declared: int, new: Mapping[KeyOf, HeldKey]) -> None:
        failed = sum(1 for key in new.values() if key.state is HeldState.PARKED)
        tally = await tx.tally(self.name, declared=declared, failed=failed, window=self._stop_rule.window)
        if failed:
            self._stop_rule.check(tally)

    def _report(self, outcome: Outcome) -> None:
        consumer_metrics.count(self.name, outcome)
        for place, gap in outcome.gaps.items():
            log.error(
                "gap: fetching again", consumer=self.name, log_id=place.log_id, partition=place.partition, gap=gap
            )
        if outcome.quarantined:
            log.error("records quarantined", consumer=self.name, records=outcome.quarantined)
