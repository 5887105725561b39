"""What is sent: the event as on its topic, and whom it concerns."""

import json
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from services.operations.webhooks.payload import body_of
from services.operations.webhooks.projections import PUBLIC, public_types
from services.operations.webhooks.tables import Head
from services.operations.webhooks.units import Concerned, concerned
from shared.contracts import membership as facts
from shared.contracts.catalogue import all_events
from shared.contracts.envelope import Metadata, RecordedEvent, to_record
from shared.contracts.evaluation import CATALOGUE_KEY, CriteriaSetWithdrawn
from shared.contracts.event import Event
from shared.contracts.meetings import MinutesWithdrawn

CELL, OTHER, MEMBER = (UUID(int=n) for n in (0x101, 0x102, 0x201))
DAY = date(2026, 3, 3)


def recorded(key: str, data: str = "{}", log_id: str = "meetings") -> RecordedEvent:
    moment = datetime(2026, 3, 3, 11, 0, 0, 123456, tzinfo=UTC)
    metadata = Metadata(uuid4(), "office:1", traceparent=None)
    return RecordedEvent(log_id, 17, "meeting-1", 3, key, uuid4(), uuid4(), 0, "MeetingHeld", 1, data, metadata, moment)


def test_the_attributes_are_those_of_the_topics_record_and_the_data_are_the_recorded_ones_byte_for_byte() -> None:
    event = recorded(str(CELL), '{"meeting_id":"…", "points": 8.50}')
    head = Head(
        event.log_id,
        event.key,
        0,
        event.position,
        event.event_id,
        event.type,
        event.schema_version,
        event.stream,
        event.recorded_at,
        event.data,
    )
    body = body_of(head)
    assert body.endswith(b',"data":' + event.data.encode() + b"}")
    record = to_record(event, prev=0)
    on_topic = {name.removeprefix("ce_"): value.decode() for name, value in record.headers if name.startswith("ce_")}
    sent = json.loads(body)
    assert {name: sent[name] for name in on_topic} == on_topic
    assert sent["partitionkey"] == record.key.decode()
    assert "office" not in body.decode()


def test_only_public_types_can_be_asked_for() -> None:
    internal = {event.__name__ for _, event in all_events() if event.visibility == "internal"}
    assert internal
    assert not internal & {event.__name__ for event in PUBLIC}
    assert set(public_types()) == {event.__name__ for event in PUBLIC}


def test_an_event_concerns_the_cell_that_is_its_key_and_every_unit_that_it_names() -> None:
    merged = facts.UnitsMerged(into=CELL, merged=(OTHER,), effective_on=DAY)
    assert whom(merged, facts.TREE_KEY) == Concerned(frozenset({CELL, OTHER}))
    assert whom(MinutesWithdrawn(meeting_id=uuid4(), reason="typo"), str(CELL)) == Concerned(frozenset({CELL}))


def test_a_members_event_concerns_the_cells_that_it_names_and_the_members_own() -> None:
    moved = facts.MemberTransferred(member_id=MEMBER, from_cell_id=CELL, to_cell_id=OTHER, effective_on=DAY)
    assert whom(moved, str(MEMBER)) == Concerned(frozenset({CELL, OTHER}), MEMBER)
    assert whom(facts.MemberErased(member_id=MEMBER), str(MEMBER)) == Concerned(frozenset(), MEMBER)


def test_a_catalogue_concerns_everybody() -> None:
    kind = facts.UnitKindDefined(kind="cell", name="Chi bộ", is_cell=True, decides_ratings=False, valid_from=DAY)
    assert whom(kind, facts.TREE_KEY).everybody
    assert whom(CriteriaSetWithdrawn(criteria_set="x", revision=1, reason="typo"), CATALOGUE_KEY).everybody


def whom(event: Event, key: str) -> Concerned:
    return concerned(recorded(key), event)
