"""A difference is named: unit, period, indicator, meeting and event."""

from typing import Any
from uuid import UUID

from services.reporting.recount import Recount, Stored, differences
from shared.contracts import attendance
from shared.contracts.attendance import Call
from shared.contracts.envelope import RecordedEvent
from tests.properties.histories import recorded
from tests.unit.reporting.test_tally import AN, CELL, HELD, MEETING, SITTING, came, roster, row

LOGS = [
    recorded("meetings", 1, HELD),
    recorded("attendance", 1, roster(row(AN))),
    recorded("attendance", 2, came(AN)),
]


def counted(*events: RecordedEvent) -> Recount:
    recount = Recount()
    for event in events:
        recount.add(event)
    return recount


def stored(*events: RecordedEvent) -> Stored:
    recount = counted(*events)
    return Stored(recount.months(), recount.meetings(), recount.events)


def test_equal_tables_have_no_difference() -> None:
    assert list(differences(stored(*LOGS), counted(*LOGS))) == []


def test_an_event_that_the_tables_lack_is_named_with_the_figures_that_it_changes() -> None:
    found = list(differences(stored(*LOGS[:2]), counted(*LOGS)))
    assert {difference.indicator for difference in found} == {
        "present_full", "unknown", "events", "input_digest", "facts_digest",
    }  # fmt: skip
    for difference in found:
        assert (difference.unit_id, difference.period) == (str(CELL), "2026-03")
        assert difference.meetings == (str(MEETING),)
        assert difference.events == ("attendance:2 (only in the topic)",)


def test_an_event_that_is_in_no_topic_is_named() -> None:
    found = list(differences(stored(*LOGS), counted(*LOGS[:2])))
    assert {event for difference in found for event in difference.events} == {"attendance:2 (only stored)"}


def test_a_wrong_sum_is_named_though_every_meeting_is_right() -> None:
    tables = stored(*LOGS)
    wrong = {place: month | {"guests": 7} for place, month in tables.months.items()}
    (difference,) = differences(Stored(wrong, tables.meetings, tables.events), counted(*LOGS))
    assert (difference.indicator, difference.stored, difference.recounted) == ("guests", 7, 0)
    assert str(difference).startswith(f"unit {CELL}, period 2026-03, guests: stored 7, recounted 0")


def test_an_event_that_comes_again_changes_nothing_whatever_came_after_it() -> None:
    withdrawn = attendance.CheckInWithdrawn(
        meeting_id=MEETING, member_id=AN, sitting_id=SITTING, call=Call.START, reason="typing-error"
    )
    log = [*LOGS, recorded("attendance", 3, withdrawn)]
    assert counted(*log, LOGS[2]).months() == counted(*log, *log).months() == counted(*log).months()
    assert counted(*log).months() != counted(*LOGS).months()


class Looked(dict[str, dict[str, Any]]):
    """Counts how often a meeting is looked up."""

    times = 0

    def get(self, key: str, default: Any = None) -> Any:
        self.times += 1
        return super().get(key, default)


def test_each_meeting_is_compared_once_however_many_months_there_are() -> None:
    log = [
        recorded("meetings", n, HELD.model_copy(update={"meeting_id": UUID(int=n), "unit_id": UUID(int=n)}))
        for n in range(1, 51)
    ]
    tables = stored(*log)
    looked = Looked(tables.meetings)
    assert list(differences(Stored(tables.months, looked, tables.events), counted(*log))) == []
    assert looked.times == len(tables.months) == len(log)
