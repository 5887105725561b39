"""Fills an empty database with the facts of the topics: read by processes side by side, kept by one transaction.

Facts go in by COPY. What they contribute is computed by the statements that the ordinary consumer uses, so that the
recount holds both to account alike. A partition is taken up to its first record that is not plain: there, or at its
end, the ordinary consumer goes on.
"""

import asyncio
import os
import threading
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import BytesIO
from itertools import groupby
from multiprocessing import get_context, parent_process
from typing import TypeAlias
from uuid import UUID

import asyncpg
import stamina
from aiokafka.errors import KafkaError

from services.reporting import facts
from services.reporting.plain_facts import HANDLER, Part, PlainReader, Wanted
from services.reporting.projections import keep_rules, refresh
from services.reporting.settings import ReportingSettings
from services.reporting.sql import SQL
from shared import garbage
from shared.advance import Advance
from shared.database.pool import Connection
from shared.expected_errors import Refused
from shared.messaging.postgres_store import PostgresTransaction
from shared.messaging.store import Place, Position
from shared.messaging.topic import events_topic
from shared.messaging.topic_peek import TopicPeek

# Parts that were read and wait to be kept: what bounds the memory, at some 4 MiB each.
WAITING_PARTS = 4
# How long a broker may take to know a topic that was just made.
BROKER_SECONDS = 10.0
# What a reader says: a part; a number of partitions that it is done with; or (None) that it is done.
Said: TypeAlias = Part | int | None


class NotEmpty(Refused):
    """Facts or positions are there already."""

    def __init__(self) -> None:
        super().__init__(
            "the database of DATABASE_URL has facts, or positions of the consumer of facts: nothing was changed; "
            "make another database, `migrate` it, and rebuild into that one"
        )


@dataclass(slots=True)
class Rebuilt:
    """`left`: by partition, why the consumer has to do the rest."""

    facts: int = 0
    records: int = 0
    left: dict[Place, str] = field(default_factory=dict)


@stamina.retry(on=KafkaError, timeout=BROKER_SECONDS)
async def ends_of(settings: ReportingSettings) -> Mapping[Place, int]:
    """Where each partition of the topics of facts ends now. Raises KafkaError."""
    topics = {events_topic(source, settings.topic_prefix): source for source in facts.SOURCES}
    async with TopicPeek.open(settings.brokers) as peek:
        ends = await peek.ends(await peek.partitions(topics))
    return {Place(topics[found.topic], found.partition): end for found, end in ends.items()}


async def rebuild(
    settings: ReportingSettings, connection: Connection, ends: Mapping[Place, int], processes: int, advance: Advance
) -> Rebuilt:
    """In one transaction: everything, or nothing. Raises `NotEmpty`, and what broker and database raise."""
    async with connection.transaction(isolation="read_committed"):
        await SQL.lock_figures(connection)
        # Made and locked: a consumer that starts meanwhile waits, and then finds how far this one came.
        positions = await PostgresTransaction(connection).lock_positions(HANDLER.name, ends)
        kept = await SQL.facts_kept(connection, consumer=HANDLER.name)
        if kept or any(at != Position() for at in positions.values()):
            raise NotEmpty
        keeping = _Keeping(connection, advance)
        await _read_and_keep(settings, keeping, ends, processes)
        await keeping.save_positions()
    return keeping.rebuilt


async def _read_and_keep(
    settings: ReportingSettings, keeping: "_Keeping", ends: Mapping[Place, int], processes: int
) -> None:
    parts: asyncio.Queue[Said] = asyncio.Queue(WAITING_PARTS)
    try:
        async with asyncio.TaskGroup() as tasks, _readers(settings, processes) as readers:
            for n, reader in enumerate(readers):
                share = {place: end for place, end in ends.items() if place.partition % processes == n}
                tasks.create_task(_read(reader, parts, share))
            await keeping.keep_all(parts, len(readers))
    except BaseExceptionGroup as group:
        first = group.exceptions[0]
        if isinstance(first, BrokenProcessPool):
            raise Refused("a process that read the topics was ended: nothing was changed, repeat this") from first
        raise first from None


@asynccontextmanager
async def _readers(settings: ReportingSettings, processes: int) -> AsyncIterator[Sequence[ProcessPoolExecutor]]:
    """One process each, so that its consumer goes on from part to part."""
    # Not forked: this process has threads and connections.
    started = [
        ProcessPoolExecutor(1, get_context("spawn"), initializer=_open_reader, initargs=(settings,))
        for _ in range(processes)
    ]
    try:
        yield started
    finally:
        for reader in started:
            reader.shutdown(wait=False, cancel_futures=True)


_reader: PlainReader


def _open_reader(settings: ReportingSettings) -> None:
    global _reader  # noqa: PLW0603 - a process of a pool keeps nothing else between two calls
    garbage.look_rarely()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _reader = PlainReader(settings)


def _end_with_parent() -> None:
    """A pool's process would wait for ever for one that was killed."""
    if (parent := parent_process()) is not None:
        parent.join()
    os._exit(1)


def _read_part(wanted: Wanted) -> Part:
    return _reader.read(wanted)


async def _read(reader: ProcessPoolExecutor, parts: "asyncio.Queue[Said]", ends: Mapping[Place, int]) -> None:
    """The partitions of one number one after the other, so that a meeting's facts come together."""
    loop = asyncio.get_running_loop()
    for number, places in groupby(
        sorted(ends, key=lambda place: (place.partition, place)), lambda place: place.partition
    ):
        for place in places:
            position, more = Position(), ends[place] > 0
            while more:
                part = await loop.run_in_executor(reader, _read_part, Wanted(place, position, ends[place]))
                await parts.put(part)
                position, more = part.position, part.more
        await parts.put(number)
    await parts.put(None)


class _Keeping:
    """Keeps parts as they come, in the one transaction."""

    def __init__(self, connection: Connection, advance: Advance) -> None:
        self.rebuilt = Rebuilt()
        self._connection = connection
        self._advance = advance
        self._positions: dict[Place, Position] = {}
        self._ignored: Counter[tuple[str, str]] = Counter()
        self._meetings: defaultdict[int, set[UUID]] = defaultdict(set)

    async def keep_all(self, parts: "asyncio.Queue[Said]", readers: int) -> None:
        """Until every reader is done."""
        while readers:
            said = await parts.get()
            if said is None:
                readers -= 1
            elif isinstance(said, Part):
                await self._keep(said)
            else:
                # From all facts that are kept by now: one that comes with a later number is computed again.
                await refresh(self._connection, self._meetings.pop(said, ()))

    async def _keep(self, part: Part) -> None:
        if part.place in self.rebuilt.left:
            return  # read before it was known that the database refuses what comes before
        try:
            async with self._connection.transaction():
                columns, lines = facts.Fact._fields, BytesIO(part.lines)
                await self._connection.copy_to_table("meeting_fact", source=lines, columns=columns, format="text")
        except (asyncpg.DataError, asyncpg.UniqueViolationError) as error:
            self.rebuilt.left[part.place] = str(error).partition("\n")[0]
            return
        if part.rules:
            await keep_rules(self._connection, part.rules)
        self._positions[part.place] = part.position
        self._ignored.update(part.ignored)
        self._meetings[part.place.partition] |= part.meetings
        self.rebuilt.facts += part.kept
        self.rebuilt.records += part.records
        if part.strange is not None:
            self.rebuilt.left[part.place] = part.strange
        self._advance(part.records)

    async def save_positions(self) -> None:
        """Where the ordinary consumer goes on."""
        tx = PostgresTransaction(self._connection)
        await tx.save_positions(HANDLER.name, self._positions)
        if self._ignored:
            await tx.count_ignored(HANDLER.name, self._ignored)
