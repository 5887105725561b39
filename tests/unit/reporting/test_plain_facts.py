"""A part of a rebuild is read a hundred records at a time, and ends where it would if it were read at once."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from services.reporting import facts, plain_facts
from services.reporting.plain_facts import READ_AT_ONCE, Part, Wanted, part_of
from shared.contracts.envelope import to_record
from shared.messaging.store import Place, Position
from tests.properties.histories import recorded
from tests.unit.reporting.test_tally import AN, MEETING, came

PLACE = Place("attendance", 0)
RECORDS = 2 * READ_AT_ONCE + 50


def records(others: Mapping[int, Mapping[str, Any]] | None = None) -> Sequence[Any]:
    """A record for each position, as aiokafka has it; `others`: by offset, what is different."""
    found = []
    for offset in range(RECORDS):
        record = to_record(recorded("attendance", offset + 1, came(AN)), offset)
        whole = {
            "topic": "attendance.events",
            "partition": 0,
            "offset": offset,
            "key": record.key,
            "value": record.value,
            "headers": record.headers,
            "timestamp": None,
        }
        found.append(SimpleNamespace(**whole | dict((others or {}).get(offset, {}))))
    return found


def read(records: Sequence[Any]) -> Part:
    return part_of(Wanted(PLACE, Position(), RECORDS + 1), records, more=True)


def test_a_part_holds_every_fact_of_its_records() -> None:
    part = read(records())
    assert (part.kept, part.records, part.meetings, part.strange, part.more) == (
        RECORDS,
        RECORDS,
        {MEETING},
        None,
        True,
    )
    assert (part.position.position, part.position.next_offset) == (RECORDS, RECORDS)
    lines = [line.split("\t") for line in part.lines.decode().splitlines()]
    assert [int(line[1]) for line in lines] == [*range(1, RECORDS + 1)]
    assert {len(line) for line in lines} == {len(facts.Fact._fields)}
    assert {UUID(line[6]) for line in lines} == {AN}


@pytest.mark.parametrize("offset", [0, READ_AT_ONCE - 1, READ_AT_ONCE, RECORDS - 1])
@pytest.mark.parametrize("odd", [{"headers": ()}, {"value": b"{"}])
def test_a_part_ends_before_its_first_record_that_is_not_plain(offset: int, odd: Mapping[str, Any]) -> None:
    part = read(records({offset: odd}))
    assert (part.kept, part.position.next_offset, part.more) == (offset, offset, False)
    assert part.strange is not None


def test_a_part_ends_before_a_gap_that_opens_between_two_hundreds() -> None:
    [*whole] = records()
    del whole[READ_AT_ONCE]
    part = read(whole)
    assert (part.kept, part.strange) == (READ_AT_ONCE, "something before it is missing")


@pytest.mark.parametrize("size", [1, 7, RECORDS])
def test_it_does_not_matter_how_many_are_read_at_once(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    [*whole] = records()
    whole.insert(READ_AT_ONCE, whole[3])  # a repeat
    expected = read(whole)
    monkeypatch.setattr(plain_facts, "READ_AT_ONCE", size)
    assert read(whole) == expected
    assert expected.kept == RECORDS
