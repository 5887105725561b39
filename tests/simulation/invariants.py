"""What holds after every step, and what holds at the end."""

from collections import defaultdict

from shared.contracts.envelope import RecordedEvent, from_record
from tests.fixtures.notes import SOURCE
from tests.simulation.ports import SimulatedBroker
from tests.simulation.world import World, by_key

CONSUMER = "keeper"


class TopicWatch:
    """A naive reader of the topic: no record may come before its predecessor on its partition.

    A topic that was made anew by accident, under running relays, may begin in the middle: consumers see a gap and take
    nothing, relays refuse it until it is made anew once more. So such a one is not watched.
    """

    def __init__(self, broker: SimulatedBroker) -> None:
        self._broker = broker
        self._torn = False
        self._read: defaultdict[int, int] = defaultdict(int)
        self._seen: defaultdict[int, dict[int, RecordedEvent]] = defaultdict(dict)

    def check(self) -> None:
        if self._torn:
            return
        for partition in range(self._broker.partitions):
            records = self._broker.records[partition]
            if self._read[partition] > len(records):
                self._read[partition] = 0
                self._seen[partition] = {}
            for record in records[self._read[partition] :]:
                self._take(partition, *from_record(record))
            self._read[partition] = len(records)

    def forget(self, *, torn: bool) -> None:
        """The topic was made anew."""
        self._torn = torn
        self._read.clear()
        self._seen.clear()

    def _take(self, partition: int, row: RecordedEvent, prev: int) -> None:
        seen = self._seen[partition]
        assert prev == 0 or prev in seen, f"partition {partition}: {row.position} came before its predecessor {prev}"
        assert seen.setdefault(row.position, row) == row, f"two events have position {row.position}"


async def check_consumer(world: World) -> None:
    """Per key, a prefix of the log in its order, nothing twice; and a watermark that does not claim too much."""
    rows = await world.rows()
    written = by_key(rows)
    applied = world.applied()
    for key, positions in applied.items():
        expected = written.get(key, [])[: len(positions)]
        assert positions == expected, f"{key}: applied {positions}, the log begins with {expected}"
    watermark = await world.store.watermark(CONSUMER, SOURCE)
    if watermark is None:
        return
    for key, positions in written.items():
        missing = [position for position in positions[len(applied.get(key, [])) :] if position <= watermark.position]
        assert not missing or key in watermark.held_keys, (
            f"the watermark claims {watermark.position}, but {missing} of {key} are neither applied nor held"
        )


async def check_end(world: World) -> None:
    """Everything was applied once, in order, and the watermark says so."""
    rows = await world.rows()
    assert world.applied() == by_key(rows), f"applied {world.applied()}, the log has {by_key(rows)}"
    watermark = await world.store.watermark(CONSUMER, SOURCE)
    assert world.miscounted == 0
    assert watermark is not None
    assert not watermark.held_keys
    assert watermark.position == rows[-1].position, f"it stays at {watermark.position} of {rows[-1].position}"
