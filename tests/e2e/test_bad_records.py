"""Records on a topic that no service wrote are put aside, in the operators' sight, and the figures stand."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from samples.month import PERIOD
from tests.e2e.asking import Door
from tests.e2e.conftest import Played
from tests.fixtures.waiting import until

pytestmark = pytest.mark.timeout(300)

APART = "2026-06"
TOPIC = "meetings.events"
# A position that follows the beginning, on a partition whose events were read: it contradicts the log.
_PLACE = (("ce_source", b"meetings"), ("ce_sequence", b"1000000"), ("log", b'{"prev":0}'))
RECORDS: tuple[tuple[bytes, tuple[tuple[str, bytes], ...]], ...] = (
    (b"not JSON", ()),
    (b'{"wrong":"schema"}', (("ce_type", b"MeetingHeld"), *_PLACE)),
    (b"{}", (("ce_source", b"\xff\xfe"), *_PLACE[1:])),
    (b"{}", (("ce_source", b"meetings"), ("log", b'{"prev":0}'))),
    (b"x" * 2_000_000, ()),
)


@pytest.fixture(scope="module")
def operator(played: Played) -> Door:
    return Door(played, played.actors.tokens["operator"])


def test_what_is_no_event_is_put_aside_in_sight_and_the_figures_stand(played: Played, operator: Door) -> None:
    before = _quarantined(operator)
    assert before
    asyncio.run(_put(played.system.kafka, RECORDS))
    wanted = {consumer: count + len(RECORDS) for consumer, count in before.items()}
    until(lambda: _quarantined(operator) == wanted, "every consumer has put the records aside", seconds=30)
    board = Door(played, played.actors.board)
    report = board.get(f"/reporting/reports/{played.actors.province}/{PERIOD}").json()
    assert report["unit"]["figures"] == played.report["unit"]["figures"]
    # Nobody stands still: what is recorded now still arrives.
    cell = next(iter(played.actors.cells.values()))
    secretary = Door(played, cell.secretary)
    sittings = [{"starts_at": f"{APART}-05T08:00:00+07:00"}]
    later = secretary.post("/meetings/meetings", {"unit_id": str(cell.unit_id), "period": APART, "sittings": sittings})
    position = later.headers["X-Log-Position"]
    after = secretary.get(f"/reporting/reports/{cell.unit_id}/{APART}", at_least=position)
    assert after.status_code == 200, after.text


async def _put(bootstrap: str, records: tuple[tuple[bytes, tuple[tuple[str, bytes], ...]], ...]) -> None:
    # Compressed, 2 MB pass a broker that takes 1 MiB.
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, compression_type="gzip", max_request_size=4_000_000)
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await producer.start()
    await consumer.start()
    try:
        places = [TopicPartition(TOPIC, number) for number in await producer.partitions_for(TOPIC)]
        ends = await consumer.end_offsets(places)
        busiest = max(ends, key=lambda place: ends[place])
        for value, headers in records:
            await producer.send_and_wait(TOPIC, value, partition=busiest.partition, headers=list(headers))
    finally:
        await consumer.stop()
        await producer.stop()


def _quarantined(operator: Door) -> dict[str, int]:
    """By consumer of the topic: how many records it has put aside."""
    services = operator.get("/operations/status").json()["services"]
    readers = {"attendance.meetings", "evaluation.meetings", "meetings.list", "reporting.facts"}
    return {
        each["name"]: each["quarantined"]
        for service in services
        for each in service["consumers"] or ()
        if each["name"] in readers
    }
