"""A rebuild from real topics leaves the tables that the consumer leaves, and the consumer goes on behind it."""

import asyncio
import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.reporting.projections import FactsProjection
from services.reporting.rebuild import NotEmpty, Rebuilt, ends_of, rebuild
from services.reporting.recount_command import run_recount
from services.reporting.settings import ReportingSettings
from shared.advance import unseen
from shared.contracts.attendance import PresenceRuleDecided
from shared.contracts.envelope import Record, RecordedEvent, to_record
from shared.contracts.meetings import Body, MeetingCorrected, Part
from shared.database.pool import Pool, open_pool
from shared.messaging.intake import Pace
from shared.messaging.kafka_topic import KafkaTopic
from shared.messaging.partitioner import partition_for
from shared.messaging.postgres_store import PostgresStore
from shared.messaging.store import Place
from shared.messaging.subscription import run_consumers
from tests.fixtures.topics import PARTITIONS, Topics
from tests.fixtures.waiting import eventually
from tests.integration.commune import COMMUNE, FIRST, SECOND
from tests.integration.inprocess import record
from tests.integration.reporting.story import Story

Databases = Callable[[str], Awaitable[str]]
Change = Callable[[RecordedEvent, Record], Sequence[Record]]
QUICK = Pace(poll=0.02, linger=0.0)
TABLES = {
    "meeting_fact": "log_id, position",
    "presence_rule": "log_id, position",
    "meeting_contribution": "meeting_id",
    "cell_month": "period, unit_id",
    "ignored_event": "log_id, type",
    "held_event": "log_id, key, position",
}
HELD = "SELECT log_id, key, partition, state, reason FROM held_key ORDER BY log_id, key"
QUARANTINED = (
    "SELECT topic, partition, record_offset, reason FROM quarantined_record ORDER BY topic, partition, record_offset"
)
POSITIONS = (
    "SELECT log_id, partition, position, next_offset, last_offset, last_event_id, recorded_at FROM consumer_position "
    "WHERE consumer = 'reporting.facts' AND next_offset > 0 ORDER BY log_id, partition"
)


@pytest.fixture
async def story() -> Story:
    """Two cells: one meeting held in the first and corrected into the second, one not held, and a rule."""
    told = Story()
    meeting = await told.hold(FIRST)
    await told.call_roll(meeting, FIRST, whole=4, part=1, excused=1, unknown=1, guests=2)
    await told.score(meeting, FIRST, "88", "kha")
    await told.not_held(SECOND, period="2026-02")
    moved = await told.hold(FIRST, name="moved", period="2026-04")
    await told.call_roll(moved, FIRST, whole=2, unexcused=1)
    there = {"unit_id": SECOND, "body": Body.CELL, "period": "2026-04", "parts": (Part.REGULAR,)}
    await told.tell(MeetingCorrected(meeting_id=moved, reason="wrong-cell", **there), FIRST)
    rule = PresenceRuleDecided(unit_id=COMMUNE, both_calls_needed=True, valid_from=date(2026, 1, 1), source="05-DA/TU")
    await record(told.attendance, rule, stream=f"presence-rule-{COMMUNE}", key=str(COMMUNE))
    return told


def as_it_is(_: RecordedEvent, sent: Record) -> Sequence[Record]:
    return [sent]


async def publish(topics: Topics, story: Story, change: Change = as_it_is) -> None:
    """The logs on their topics; `change`: what is there in the place of each record."""
    for log in story.logs:
        await topics.create(f"{log.log_id}.events", PARTITIONS)
        await topics.create(f"{log.log_id}.progress", 1)
        topic = await KafkaTopic.open(topics.brokers, log.log_id, topics.prefix)
        batches: defaultdict[int, list[Record]] = defaultdict(list)
        last: defaultdict[int, int] = defaultdict(int)
        for row in await log.read(after=0):
            partition = partition_for(row.key, PARTITIONS)
            batches[partition] += change(row, to_record(row, last[partition]))
            last[partition] = row.position
        await topic.send(batches)
        await topic.close()


class Reporting:
    """The service's database, and the ways to fill it."""

    def __init__(self, topics: Topics, url: str, pool: Pool) -> None:
        self.settings = ReportingSettings(
            database_url=url, kafka_bootstrap=topics.bootstrap, topic_prefix=topics.prefix
        )
        self.pool = pool

    @classmethod
    @asynccontextmanager
    async def open(cls, topics: Topics, databases: Databases) -> AsyncIterator["Reporting"]:
        url = await databases("reporting")
        pool = await open_pool(url)
        try:
            yield cls(topics, url, pool)
        finally:
            await pool.close()

    async def rebuild(self, processes: int = 1) -> Rebuilt:
        async with self.pool.acquire() as connection:
            return await rebuild(self.settings, connection, await ends_of(self.settings), processes, unseen)

    async def consume(self) -> None:
        """Runs the ordinary consumer to the topics' ends."""
        ends = {place: end for place, end in (await ends_of(self.settings)).items() if end}
        store = PostgresStore(self.pool)
        running = asyncio.create_task(
            run_consumers(
                self.settings.brokers, [FactsProjection()], store, topic_prefix=self.settings.topic_prefix, pace=QUICK
            )
        )
        try:
            await eventually(lambda: self._has_passed(ends), "the consumer is at the topics' ends", 60)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _has_passed(self, ends: Mapping[Place, int]) -> bool:
        positions = await PostgresStore(self.pool).positions(FactsProjection.name)
        return {place: at.next_offset for place, at in positions.items() if at.next_offset} == ends

    async def tables(self) -> Mapping[str, Sequence[Any]]:
        queries = {name: f"SELECT * FROM {name} ORDER BY {order}" for name, order in TABLES.items()}
        queries |= {"held": HELD, "quarantined": QUARANTINED, "positions": POSITIONS}
        return {name: [tuple(row) for row in await self.pool.fetch(query)] for name, query in queries.items()}


async def test_leaves_what_the_consumer_leaves(topics: Topics, service_database: Databases, story: Story) -> None:
    await publish(topics, story)
    async with Reporting.open(topics, service_database) as live, Reporting.open(topics, service_database) as rebuilt:
        await live.consume()
        done = await rebuilt.rebuild(processes=2)
        assert (done.left, done.facts) == ({}, 23)
        tables = await live.tables()
        assert await rebuilt.tables() == tables
        assert [row[1] for row in tables["cell_month"]] == ["2026-02", "2026-03", "2026-04"]
        assert (await run_recount(rebuilt.settings)).differences == ()


def retyped(sent: Record, kind: bytes) -> Record:
    return replace(sent, headers=tuple((name, kind if name == "ce_type" else value) for name, value in sent.headers))


def damaged(row: RecordedEvent, sent: Record) -> Sequence[Record]:
    """Behind some rows' records others: a repeat, one of a type that nobody declares, and three that are not plain."""
    if row.log_id == "meetings" and row.type == "MeetingNotHeld":
        return [sent, sent]
    if row.type == "MemberCheckedIn" and row.n == 2:
        return [Record(b"k", b"?", ()), sent]
    if row.type == "EvaluationScored":
        return [retyped(sent, b"EvaluationScored.v9")]
    if row.type == "MeetingCorrected":
        return [replace(sent, value=sent.value[:-1] + b',"odd":NaN}')]
    if row.type == "PresenceRuleDecided":
        return [retyped(sent, b"Unheard.v1")]
    return [sent]


async def test_leaves_what_is_not_plain_to_the_consumer(
    topics: Topics, service_database: Databases, story: Story
) -> None:
    await publish(topics, story, damaged)
    async with Reporting.open(topics, service_database) as live, Reporting.open(topics, service_database) as rebuilt:
        await live.consume()
        done = await rebuilt.rebuild(processes=2)
        first = partition_for(str(FIRST), PARTITIONS)
        assert {place: reason.split(":")[0] for place, reason in done.left.items()} == {
            Place("attendance", first): "no readable source and position",
            Place("evaluation", first): "EvaluationScored version 9 is newer than 1",
            Place("meetings", first): "invalid input syntax for type json",
        }
        await rebuilt.consume()
        tables = await live.tables()
        assert await rebuilt.tables() == tables
        assert (len(tables["quarantined"]), len(tables["held"]), len(tables["ignored_event"])) == (2, 2, 1)
        assert (await run_recount(rebuilt.settings)).differences == ()


async def test_the_consumer_goes_on_behind_a_rebuild(topics: Topics, service_database: Databases, story: Story) -> None:
    await publish(topics, story)
    async with Reporting.open(topics, service_database) as rebuilt:
        done = await rebuilt.rebuild()
        before = await rebuilt.tables()
        await rebuilt.consume()
        assert await rebuilt.tables() == before

        later = Story()
        await later.not_held(SECOND, period="2026-05")
        (row,) = await later.meetings.read(after=0)
        head = (await story.meetings.read(after=0))[-1].position
        partition = partition_for(row.key, PARTITIONS)
        last = max(each[2] for each in before["positions"] if each[:2] == ("meetings", partition))
        topic = await KafkaTopic.open(topics.brokers, "meetings", topics.prefix)
        await topic.send({partition: [to_record(row._replace(position=head + 1, event_id=UUID(int=5)), last)]})
        await topic.close()
        await rebuilt.consume()
        assert len((await rebuilt.tables())["meeting_fact"]) == done.facts + 1


async def test_facts_that_are_there_already_change_nothing(
    topics: Topics, service_database: Databases, story: Story
) -> None:
    await publish(topics, story)
    async with Reporting.open(topics, service_database) as rebuilt:
        await rebuilt.rebuild()
        before = await rebuilt.tables()
        await rebuilt.pool.execute("DELETE FROM consumer_position")
        await rebuilt.consume()
        assert await rebuilt.tables() == before


async def test_refuses_a_database_that_has_facts_or_positions(
    topics: Topics, service_database: Databases, story: Story
) -> None:
    await publish(topics, story)
    async with Reporting.open(topics, service_database) as rebuilt:
        await rebuilt.rebuild()
        before = await rebuilt.tables()
        with pytest.raises(NotEmpty, match="nothing was changed"):
            await rebuilt.rebuild()
        await rebuilt.pool.execute("DELETE FROM consumer_position")
        with pytest.raises(NotEmpty):
            await rebuilt.rebuild()
        await rebuilt.pool.execute("TRUNCATE meeting_fact, presence_rule")
        place = "INSERT INTO consumer_position (consumer, log_id, partition, position) VALUES ($1, 'meetings', 0, 7)"
        await rebuilt.pool.execute(place, FactsProjection.name)
        with pytest.raises(NotEmpty):
            await rebuilt.rebuild()
        assert (await rebuilt.tables())["cell_month"] == before["cell_month"]


def children_of(pid: int) -> Sequence[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def is_alive(pid: str) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_one_that_is_killed_leaves_nothing(topics: Topics, service_database: Databases, story: Story) -> None:
    await publish(topics, story)
    async with Reporting.open(topics, service_database) as rebuilt:
        async with rebuilt.pool.acquire() as connection, connection.transaction():
            await connection.execute("LOCK TABLE meeting_contribution IN SHARE ROW EXCLUSIVE MODE")
            killed = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "services.reporting", "rebuild", "--processes", "1"),
                env=os.environ
                | {
                    "REPORTING_DATABASE_URL": rebuilt.settings.database_url,
                    "REPORTING_KAFKA_BOOTSTRAP": topics.bootstrap,
                    "REPORTING_TOPIC_PREFIX": topics.prefix,
                },
            )

            async def waits() -> bool:
                waiting = (
                    "SELECT count(*) FROM pg_locks WHERE relation = 'meeting_contribution'::regclass AND NOT granted"
                )
                return bool(await connection.fetchval(waiting))

            await eventually(waits, "the facts are kept, and the first meeting is about to be computed", 60)
            readers = children_of(killed.pid)
            assert readers
            killed.kill()
            await killed.wait()

            async def all_ended() -> bool:
                return not any(map(is_alive, readers))

            await eventually(all_ended, "its processes have ended with it", 30)
        assert not any((await rebuilt.tables()).values())
        assert (await rebuilt.rebuild()).facts == 23
