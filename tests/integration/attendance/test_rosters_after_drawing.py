"""What happens to a roster when membership or the meeting says something else later."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.attendance.reactions import Discrepancies, Redrawing
from shared.contracts import meetings, membership
from shared.contracts.membership import MemberStatus, Standing
from shared.messaging.handler import NotYetKnown
from tests.integration.attendance.conftest import MEETING, SITTING, STARTS_AT, World
from tests.integration.commune import AN, BINH, FIRST, SECOND, about, admit

EVA = UUID(int=0x20A)


def exempt(member_id: UUID, since: date = date(2026, 3, 1), **fields: Any) -> membership.MemberStatusChanged:
    return membership.MemberStatusChanged(
        member_id=member_id,
        standing=Standing.OFFICIAL,
        status=MemberStatus.EXEMPT,
        valid_from=since,
        **fields,
    )


async def events(world: World) -> list[str]:
    return [row.type for row in await world.service.runtime.log.read(after=0)]


async def test_the_roster_is_of_the_day_not_of_today(world: World) -> None:
    await about(world.membership, exempt(AN, date(2026, 3, 4)), AN)
    await about(world.membership, exempt(BINH, date(2026, 3, 3), valid_until=date(2026, 3, 3)), BINH)
    await world.catch_up()
    await world.do("open", {})
    assert (await world.row(AN))["row"]["expected"] is True
    assert (await world.row(BINH))["row"]["exclusion"] == "exempt"


async def test_a_fact_learned_later_is_a_discrepancy_until_somebody_amends_the_roster(world: World) -> None:
    await world.do("open", {})
    await about(world.membership, exempt(AN), AN)
    await world.catch_up()
    row = await world.row(AN)
    assert row["row"]["expected"] is True
    assert row["discrepancy"]["row"]["exclusion"] == "exempt"

    settled = {"reason": "membership-learned-later", "rows": [row["discrepancy"]["row"]]}
    assert (await world.do("amendment", settled))["events"] == ["RosterAmended"]
    row = await world.row(AN)
    assert (row["row"]["exclusion"], row["discrepancy"]) == ("exempt", None)
    await world.catch_up()
    assert (await events(world)).count("RosterDiscrepancyFound") == 1


async def test_nobody_whom_membership_does_not_know_is_put_on_a_roster(world: World) -> None:
    await world.do("open", {})
    stranger = {"member_id": str(UUID(int=0x999)), "expected": True, "votes": True}
    refused = await world.refused("amendment", {"reason": "guest", "rows": [stranger]})
    assert refused == (409, "member-not-yet-learned")
    assert "RosterAmended" not in await events(world)


async def test_a_fact_that_changes_no_row_of_the_day_says_nothing(world: World) -> None:
    await world.do("open", {})
    await about(world.membership, exempt(AN, date(2026, 4, 1)), AN)
    await admit(world.membership, EVA, SECOND)
    await world.catch_up()
    assert "RosterDiscrepancyFound" not in await events(world)


async def test_a_member_learned_later_and_one_who_had_moved_away_are_discrepancies(world: World) -> None:
    await world.do("open", {})
    await admit(world.membership, EVA, FIRST)
    moved = membership.MemberTransferred(
        member_id=AN, from_cell_id=FIRST, to_cell_id=SECOND, effective_on=date(2026, 3, 1)
    )
    await about(world.membership, moved, AN)
    await world.catch_up()
    assert (await world.row(EVA))["discrepancy"]["row"]["expected"] is True
    assert (await world.row(AN))["discrepancy"]["row"] is None


async def test_a_withdrawn_change_takes_its_discrepancy_back(world: World) -> None:
    await world.do("open", {})
    await about(world.membership, exempt(AN), AN)
    await world.catch_up()
    withdrawn_event_id = (await world.membership.read(after=0))[-1].event_id
    back = membership.MemberChangeWithdrawn(
        member_id=AN, withdrawn_event_id=withdrawn_event_id, withdrawn_version=2, reason="typing-error"
    )
    await about(world.membership, back, AN)
    await world.catch_up()
    assert (await world.row(AN))["discrepancy"] is None


async def test_who_was_admitted_in_error_is_a_discrepancy_where_drawn_and_expected_nowhere_later(world: World) -> None:
    await world.do("open", {})
    await withdraw_admission(world, AN)
    await world.catch_up()
    row = await world.row(AN)
    assert (row["row"]["expected"], row["discrepancy"]["row"]) == (True, None)


async def test_who_was_admitted_in_error_is_on_no_roster(world: World) -> None:
    await withdraw_admission(world, AN)
    await world.catch_up()
    await world.do("open", {})
    rostered = {row["member_id"] for row in (await world.view())["rows"]}
    assert str(BINH) in rostered
    assert str(AN) not in rostered


async def withdraw_admission(world: World, member_id: UUID) -> None:
    rows = await world.membership.read(after=0)
    admission = next(row for row in rows if row.type == "MemberAdmitted" and row.key == str(member_id))
    event = membership.MemberChangeWithdrawn(
        member_id=member_id, withdrawn_event_id=admission.event_id, withdrawn_version=1, reason="wrong-person"
    )
    await about(world.membership, event, member_id)


async def learn_between_reading_and_writing(world: World, member_id: UUID) -> None:
    """The reaction to the fact sees no roster yet; the reaction to the roster sees the fact."""
    members = next(handler for handler in world.service.handlers if handler.name == "attendance.members")
    await world.do("open", {})
    await about(world.membership, exempt(member_id), member_id)
    world.service.handlers, every = [members], world.service.handlers
    await world.catch_up()
    discrepancies = next(handler for handler in every if isinstance(handler, Discrepancies))
    world.service.positions[discrepancies.name, "membership"] = await world.membership.head()
    world.service.handlers = [discrepancies]
    await world.catch_up()
    world.service.handlers = every


async def test_a_fact_between_reading_and_writing_the_roster_is_found(world: World) -> None:
    await learn_between_reading_and_writing(world, AN)
    assert (await world.row(AN))["discrepancy"]["row"]["exclusion"] == "exempt"


async def test_after_a_restore_a_fact_that_is_read_before_its_meeting_is_found_with_the_roster(world: World) -> None:
    """The log was recovered from its topic, the tables and positions are those of the backup."""
    await learn_between_reading_and_writing(world, AN)
    await world.catch_up()
    every, positions = world.service.handlers, world.service.positions
    await world.service.runtime.pool.execute("DELETE FROM meeting")
    positions.update({("attendance.meetings", "meetings"): 0, ("attendance.discrepancies", "attendance"): 0})

    await about(world.membership, exempt(BINH), BINH)
    world.service.handlers = [handler for handler in every if handler.name != "attendance.meetings"]
    with pytest.raises(NotYetKnown, match=f"meeting:{MEETING}"):
        await world.catch_up()
    positions["attendance.discrepancies", "membership"] = await world.membership.head()
    world.service.handlers = every
    await world.catch_up()
    assert (await world.row(BINH))["discrepancy"]["row"]["exclusion"] == "exempt"
    assert (await events(world)).count("RosterDiscrepancyFound") == 2


async def test_reactions_wait_until_the_local_tables_know_their_event(world: World) -> None:
    await about(world.membership, exempt(AN), AN)
    await world.publish(meetings.MeetingRescheduled(meeting_id=MEETING, sittings=(_planned(days=2),)))
    for reaction in (Discrepancies, Redrawing):
        world.service.handlers = [reaction(world.service.runtime)]
        with pytest.raises(NotYetKnown):
            await world.catch_up()


def _planned(days: int) -> meetings.PlannedSitting:
    return meetings.PlannedSitting(sitting_id=SITTING, starts_at=STARTS_AT + timedelta(days=days))


def _held(started_at: datetime, **fields: Any) -> meetings.MeetingHeld:
    return meetings.MeetingHeld(
        meeting_id=MEETING,
        unit_id=FIRST,
        body=meetings.Body.CELL,
        period="2026-03",
        parts=(meetings.Part.REGULAR,),
        held_on=started_at.date(),
        sittings=(
            meetings.HeldSitting(
                sitting_id=SITTING, started_at=started_at, ended_at=started_at + timedelta(minutes=95)
            ),
        ),
        **fields,
    )


async def test_a_meeting_held_on_another_day_than_planned_has_the_roster_of_that_day(world: World) -> None:
    await about(world.membership, exempt(AN, date(2026, 3, 5)), AN)
    await world.catch_up()
    await world.do("open", {})
    assert (await world.row(AN))["row"]["expected"] is True
    await world.publish(_held(STARTS_AT + timedelta(days=2)))
    await world.catch_up()
    assert (await world.view())["held_on"] == "2026-03-05"
    assert (await world.row(AN))["row"]["exclusion"] == "exempt"


async def test_a_meeting_moved_to_another_cell_has_that_cells_roster_and_keeps_its_key(world: World) -> None:
    await admit(world.membership, EVA, SECOND)
    await world.catch_up()
    await world.do("open", {})
    await world.publish(_held(STARTS_AT))
    await world.publish(
        meetings.MeetingCorrected(
            meeting_id=MEETING,
            reason="wrong-cell",
            unit_id=SECOND,
            body=meetings.Body.CELL,
            period="2026-03",
            parts=(meetings.Part.REGULAR,),
        )
    )
    await world.catch_up()
    view = await world.view("second_secretary")
    assert [row["member_id"] for row in view["rows"]] == [str(EVA)]
    written = await world.service.runtime.log.read(after=0)
    assert {row.key for row in written} == {str(FIRST)}
    assert (await events(world)).count("RosterDrawn") == 2
    assert await world.refused("open", {"call": "end"}) == (403, "out-of-reach")
