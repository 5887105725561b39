"""Recount reads real topics to where the projection is, by the projection's own positions."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest

from services.reporting.recount_command import Recounted, run_recount
from services.reporting.settings import ReportingSettings
from shared.contracts.attendance import PresenceRuleDecided, PresenceRuleWithdrawn
from shared.contracts.envelope import Record, RecordedEvent, to_record
from shared.directory.directory import UnitUnknown
from shared.eventstore.memory import MemoryLog
from shared.messaging.kafka_topic import KafkaTopic
from shared.messaging.partitioner import partition_for
from tests.fixtures.topics import PARTITIONS, Topics
from tests.integration.commune import BLOCK, COMMUNE, FIRST, SECOND, SUB
from tests.integration.inprocess import record
from tests.integration.reporting.conftest import World


async def publish(topics: Topics, log: MemoryLog) -> Sequence[RecordedEvent]:
    """The whole log on its topic, as its relay would send it."""
    await topics.create(f"{log.log_id}.events", PARTITIONS)
    await topics.create(f"{log.log_id}.progress", 1)
    topic = await KafkaTopic.open(topics.brokers, log.log_id, topics.prefix)
    batches: defaultdict[int, list[Record]] = defaultdict(list)
    last: defaultdict[int, int] = defaultdict(int)
    rows = await log.read(after=0)
    for row in rows:
        partition = partition_for(row.key, PARTITIONS)
        batches[partition].append(to_record(row, last[partition]))
        last[partition] = row.position
    await topic.send(batches)
    await topic.close()
    return rows


async def published(world: World, topics: Topics) -> ReportingSettings:
    """Two meetings, applied here and on their topics, with the projection's positions at the ends."""
    meeting = await world.story.hold(FIRST)
    await world.story.call_roll(meeting, FIRST, whole=4, unknown=1)
    await world.story.score(meeting, FIRST, "88", "kha")
    await world.story.not_held(SECOND)
    await world.catch_up()
    for log in (world.membership, *world.story.logs):
        ends: defaultdict[int, list[RecordedEvent]] = defaultdict(list)
        for row in await publish(topics, log):
            ends[partition_for(row.key, PARTITIONS)].append(row)
        for partition, rows in ends.items():
            await world.service.runtime.pool.execute(
                "INSERT INTO consumer_position (consumer, log_id, partition, position, next_offset) "
                "VALUES (CASE $1 WHEN 'membership' THEN 'directory' ELSE 'reporting.facts' END, $1, $2, $3, $4)",
                log.log_id,
                partition,
                rows[-1].position,
                len(rows),
            )
    return ReportingSettings(
        database_url=world.service.runtime.settings.database_url,
        kafka_bootstrap=topics.bootstrap,
        topic_prefix=topics.prefix,
    )


async def test_equal_at_equal_positions(world: World, topics: Topics) -> None:
    settings = await published(world, topics)
    assert await run_recount(settings) == Recounted(differences=(), months=2, events=12)


async def test_equal_where_a_presence_rule_was_withdrawn(world: World, topics: Topics) -> None:
    since = date(2026, 1, 1)
    decided = PresenceRuleDecided(unit_id=COMMUNE, both_calls_needed=True, valid_from=since, source="05-DA/TU")
    withdrawn = PresenceRuleWithdrawn(unit_id=COMMUNE, valid_from=since, reason="wrong-unit")
    meeting = await world.story.hold(SECOND, period="2026-02", held_on=date(2026, 2, 3))
    await world.story.call_roll(meeting, SECOND, whole=2, part=3)
    for event in (decided, withdrawn):
        await record(world.story.attendance, event, stream=f"presence-rule-{COMMUNE}", key=str(COMMUNE))
    settings = await published(world, topics)
    assert (await run_recount(settings)).differences == ()
    figures = await world.figures(COMMUNE, "2026-02")
    assert (figures["attended"], figures["partly"]) == (5, 0)


async def test_a_figure_changed_in_the_tables_is_named(world: World, topics: Topics) -> None:
    settings = await published(world, topics)
    await world.service.runtime.pool.execute("UPDATE cell_month SET expected = 6 WHERE unit_id = $1", FIRST)
    (difference,) = (await run_recount(settings)).differences
    assert (difference.unit_id, difference.period, difference.indicator) == (str(FIRST), "2026-03", "expected")
    assert (difference.stored, difference.recounted) == (6, 5)


async def test_a_recount_of_one_unit_compares_it_and_what_is_below(world: World, topics: Topics) -> None:
    settings = await published(world, topics)
    await world.service.runtime.pool.execute("UPDATE cell_month SET expected = 6 WHERE unit_id = $1", FIRST)
    above, other = await run_recount(settings, COMMUNE), await run_recount(settings, SECOND)
    assert ([each.unit_id for each in above.differences], above.months) == ([str(FIRST)], 2)
    assert (other.differences, other.months) == ((), 1)
    assert (await run_recount(settings, COMMUNE, "2026-02")).months == 0
    assert len((await run_recount(settings, period="2026-03")).differences) == 1


async def test_a_recount_of_a_unit_that_nobody_knows_is_refused(world: World, topics: Topics) -> None:
    settings = await published(world, topics)
    with pytest.raises(UnitUnknown, match=str(UUID(int=404))):
        await run_recount(settings, UUID(int=404))


async def test_a_tree_that_is_not_what_its_events_say_is_named(world: World, topics: Topics) -> None:
    settings = await published(world, topics)
    await world.service.runtime.pool.execute("UPDATE unit_version SET parent_id = $2 WHERE unit_id = $1", FIRST, SUB)
    found = (await run_recount(settings)).differences
    wrong = {difference.unit_id: difference for difference in found if difference.indicator == "sum of met"}
    assert wrong.keys() == {str(COMMUNE), str(SUB), str(BLOCK)}
    assert (wrong[str(COMMUNE)].stored, wrong[str(COMMUNE)].recounted) == (0, 1)


async def test_a_lost_event_is_named(world: World, topics: Topics) -> None:
    settings = await published(world, topics)
    await world.service.runtime.pool.execute("DELETE FROM meeting_fact WHERE log_id = 'evaluation'")
    (difference,) = (await run_recount(settings)).differences
    assert (difference.indicator, difference.stored, difference.recounted) == ("kept events", 10, 11)
    assert difference.events == ("evaluation:1 (only in the topic)",)


async def test_what_the_projection_quarantined_is_not_counted(world: World, topics: Topics) -> None:
    settings = await published(world, topics)
    [score] = [row for log in world.story.logs if log.log_id == "evaluation" for row in await log.read(after=0)]
    partition = partition_for(score.key, PARTITIONS)
    topic = await KafkaTopic.open(topics.brokers, "attendance", topics.prefix)
    await topic.send({partition: [to_record(score._replace(position=2), prev=1)]})
    await topic.close()
    moved = "UPDATE consumer_position SET next_offset = next_offset + 1 WHERE log_id = 'attendance' AND partition = $1"
    assert await world.service.runtime.pool.execute(moved, partition) == "UPDATE 1"

    assert not (await run_recount(settings)).differences


@pytest.mark.parametrize("table", ["consumer_position", "held_event"])
async def test_what_the_projection_has_not_applied_is_not_counted(world: World, topics: Topics, table: str) -> None:
    settings = await published(world, topics)
    pool = world.service.runtime.pool
    await pool.execute("DELETE FROM meeting_fact WHERE log_id = 'evaluation'")
    await pool.execute("DELETE FROM meeting_contribution")
    await pool.execute("DELETE FROM cell_month")
    await pool.execute(
        "INSERT INTO meeting_contribution "
        "SELECT * FROM contribution((SELECT array_agg(meeting_id) FROM meeting_fact), NULL)"
    )
    await pool.execute(
        "INSERT INTO cell_month SELECT (cell_months(array_agg(meeting))).* FROM meeting_contribution AS meeting"
    )
    assert (await run_recount(settings)).differences
    if table == "consumer_position":
        await pool.execute("DELETE FROM consumer_position WHERE log_id = 'evaluation'")
    else:
        await pool.execute(
            "INSERT INTO held_key (consumer, log_id, key, partition, state, reason) "
            "VALUES ('reporting.facts', 'evaluation', 'k', 0, 'parked', 'broken')"
        )
        await pool.execute(
            "INSERT INTO held_event "
            "(consumer, log_id, key, position, type, topic, partition, record_offset, record_headers) "
            "VALUES ('reporting.facts', 'evaluation', 'k', 1, 'EvaluationScored', 't', 0, 0, '[]')"
        )
    assert (await run_recount(settings)).differences == ()
