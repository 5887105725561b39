"""The promises of the test fixtures themselves."""

from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import UnknownTopicOrPartitionError

from shared.database.migrate import MigrationFailed, missing_migrations
from tests.fixtures.databases import DatabaseFactory
from tests.fixtures.topics import Topics


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "0001_note.sql").write_text("-- migrate:up\nCREATE TABLE note (body text);\n-- migrate:down\n")
    return folder


async def test_each_database_is_migrated_and_its_own(database: DatabaseFactory, migrations: Path) -> None:
    first, second = await database(migrations), await database(migrations)

    connection = await asyncpg.connect(first)
    await connection.execute("INSERT INTO note VALUES ('one')")
    await connection.close()

    connection = await asyncpg.connect(second)
    assert await connection.fetchval("SELECT count(*) FROM note") == 0
    assert await missing_migrations(connection, migrations) == []
    await connection.close()


async def test_a_migration_that_is_not_applied_is_named(database: DatabaseFactory, migrations: Path) -> None:
    connection = await asyncpg.connect(await database(migrations))
    (migrations / "0002_more.sql").write_text("-- migrate:up\nSELECT 1;\n-- migrate:down\n")
    assert await missing_migrations(connection, migrations) == ["0002"]
    await connection.close()


async def test_a_refused_migration_says_why(database: DatabaseFactory, migrations: Path) -> None:
    (migrations / "0002_wrong.sql").write_text("-- migrate:up\nSELEC 1;\n-- migrate:down\n")
    with pytest.raises(MigrationFailed, match='syntax error at or near "SELEC"'):
        await database(migrations)


async def test_a_topic_takes_and_gives_a_record(topics: Topics) -> None:
    name = await topics.create("notes")
    producer = AIOKafkaProducer(bootstrap_servers=topics.bootstrap)
    await producer.start()
    await producer.send_and_wait(name, b"hello", partition=2)
    await producer.stop()

    consumer = AIOKafkaConsumer(name, bootstrap_servers=topics.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    record = await consumer.getone()
    await consumer.stop()
    assert (record.value, record.partition) == (b"hello", 2)


async def test_a_topic_that_exists_is_refused(topics: Topics) -> None:
    await topics.create("notes")
    with pytest.raises(RuntimeError, match="already exists"):
        await topics.create("notes")


async def test_the_broker_makes_no_topic_by_itself(topics: Topics) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=topics.bootstrap, request_timeout_ms=1000)
    await producer.start()
    with pytest.raises(UnknownTopicOrPartitionError):
        await producer.partitions_for(topics.prefix + "nots")
    await producer.stop()
