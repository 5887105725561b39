"""While a consumer takes one batch, its subscription fetches and reads the next one."""

import asyncio
from collections.abc import Iterable, Sequence
from types import SimpleNamespace
from typing import Any

from shared.contracts.envelope import FetchedRecord
from shared.messaging.intake import Pace
from shared.messaging.outcome import Outcome
from shared.messaging.store import Place
from shared.messaging.subscription import Session

TOPIC = "notes.events"


class Intake:
    """Takes each batch when it is let, and finds a gap in partition 0 of the first."""

    consumer = SimpleNamespace(name="reader", topics={TOPIC: "notes"})

    def __init__(self) -> None:
        self.lets = asyncio.Event()
        self.taken: list[list[tuple[int, int]]] = []

    async def read(self, records: Iterable[FetchedRecord]) -> Sequence[Any]:
        return [SimpleNamespace(record=record) for record in records]

    async def take_read(self, batch: Sequence[Any]) -> Outcome:
        self.taken.append([(item.record.partition, item.record.offset) for item in batch])
        await self.lets.wait()
        return Outcome(gaps={Place("notes", 0): "missing"} if len(self.taken) == 1 else {})


class Starts:
    """Never knows where a gap begins: the partition stays paused."""

    async def after_gap(self, *_: object) -> tuple[int, int]:
        await asyncio.Event().wait()
        raise AssertionError

    def passed(self, _: Place) -> None:
        """What was taken is no news here."""


def record(partition: int, offset: int) -> Any:
    return SimpleNamespace(
        topic=TOPIC, partition=partition, offset=offset, key=b"", value=b"", headers=(), timestamp=None
    )


async def test_what_was_fetched_behind_a_gap_before_it_was_met_is_left_to_come_again() -> None:
    intake, starts = Intake(), Starts()
    session: Any = Session(SimpleNamespace(), intake, Pace(linger=0))  # type: ignore[arg-type]
    session._kafka = SimpleNamespace(pause=lambda _: None)
    await session._take(starts, [record(0, 7), record(1, 3)])
    ahead = asyncio.create_task(session._take(starts, [record(0, 8), record(1, 4)]))
    await asyncio.sleep(0)
    intake.lets.set()
    await ahead
    await session._taking
    for task in session._fetching_again.values():
        task.cancel()
    assert intake.taken == [[(0, 7), (1, 3)], [(1, 4)]]


async def test_what_waits_for_its_turn_when_a_session_ends_is_not_begun() -> None:
    intake, starts = Intake(), Starts()
    session: Any = Session(SimpleNamespace(), intake, Pace(linger=0))  # type: ignore[arg-type]
    await session._take(starts, [record(1, 3)])
    ahead = asyncio.create_task(session._take(starts, [record(1, 4)]))
    await asyncio.sleep(0)
    await session._end(SimpleNamespace(stop=nothing), SimpleNamespace(consumer=None))
    await ahead
    assert intake.taken == [[(1, 3)]]
    assert session._taking.cancelled()


async def nothing() -> None:
    """What FastStream's broker does here when it is stopped."""
