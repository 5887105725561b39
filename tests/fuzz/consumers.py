"""Records that nobody should have written, handed to real consumers on a real database: whatever comes, they go on."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace

from anyio.from_thread import BlockingPortal
from hypothesis import strategies as st

from services.reporting.app import SERVICE
from services.reporting.projections import FactsProjection
from shared.contracts.envelope import FetchedRecord, to_record
from shared.database.migrate import SHARED_MIGRATIONS
from shared.database.pool import Pool, open_pool
from shared.messaging.consumer import Consumer
from shared.messaging.postgres_store import PostgresStore
from shared.messaging.progress_reader import _keep
from shared.messaging.stop_rule import StopRule
from shared.messaging.store import Place
from tests.fixtures.databases import Databases
from tests.fuzz.damage import damaged_json
from tests.fuzz.records import ANY_BODY, PROGRESS, damaged_records, row_of
from tests.fuzz.target import Target

PLACE = Place("meetings", 0)
NEVER_STOPS = StopRule(share=1.0, least=2**31, window=2**31 - 1)


@st.composite
def arrivals(draw: st.DrawFn) -> list[FetchedRecord]:
    """Some good records with damaged ones in their places or between them, in the order of offsets."""
    made = []
    for position in range(1, draw(st.integers(1, 4)) + 1):
        if draw(st.booleans()):
            made.append(draw(damaged_records(position, "meetings")))
        _, name, version, body = draw(ANY_BODY)
        good = to_record(row_of(position, "meetings", name, int(version), body), position - 1)
        made.append(FetchedRecord("meetings.events", 0, 0, good.key, good.value, good.headers))
    return [replace(record, offset=offset) for offset, record in enumerate(made)]


@dataclass(frozen=True)
class Reporting:
    """Reporting's consumer of facts, on the topic of meetings; its database is its own, and empty before each input."""

    portal: BlockingPortal
    pool: Pool
    empty: str

    @property
    def store(self) -> PostgresStore:
        return PostgresStore(self.pool)

    def check_arrivals(self, records: list[FetchedRecord]) -> None:
        """All of them are passed, up to a gap; a second time none has an effect."""
        self.portal.call(self.pool.execute, self.empty)
        topics = {"meetings.events": "meetings"}
        consumer = Consumer(FactsProjection(), self.store, topics=topics, stop_rule=NEVER_STOPS)
        outcome = self.portal.call(consumer.handle, records)
        position = self.portal.call(self.store.positions, consumer.name)[PLACE]
        assert position.next_offset == len(records) or outcome.gaps
        again = self.portal.call(consumer.handle, records)
        assert (again.applied, again.ignored, again.waiting, again.parked) == (0, 0, 0, 0)
        assert self.portal.call(self.store.positions, consumer.name)[PLACE] == position

    def check_progress(self, value: bytes) -> None:
        """It is kept, or put aside."""
        self.portal.call(self.pool.execute, self.empty)
        self.portal.call(_keep, self.store, "meetings", FetchedRecord("meetings.progress", 0, 0, None, value, ()), ())


@contextmanager
def targets(portal: BlockingPortal, databases: Databases) -> Iterator[list[Target]]:
    """While the block runs, there is a database for them."""
    with portal.wrap_async_context_manager(_reporting(portal, databases)) as reporting:
        yield [
            Target("arriving records", arrivals(), reporting.check_arrivals, share=400),
            Target("arriving progress", damaged_json(PROGRESS), reporting.check_progress, share=400),
        ]


@asynccontextmanager
async def _reporting(portal: BlockingPortal, databases: Databases) -> AsyncIterator[Reporting]:
    url = await databases.make(*SHARED_MIGRATIONS, SERVICE.migrations)
    pool = await open_pool(url, role=None)
    try:
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations' "
        # By name, which happens to put what refers before what is referred to.
        tables += "ORDER BY tablename"
        names = [row["tablename"] for row in await pool.fetch(tables)]
        yield Reporting(portal, pool, "; ".join(f'DELETE FROM "{name}"' for name in names))
    finally:
        await pool.close()
        await databases.drop(url)
