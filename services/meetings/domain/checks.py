"""Rules that several commands on a meeting share."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from services.meetings.domain import errors
from services.meetings.domain.commands import Plan
from services.meetings.domain.state import Meeting, Outcome, Status
from shared.contracts.meetings import HeldSitting, Part, PlannedSitting
from shared.local_time import local_date

# Longer is a wrong day or year, and one such sitting would make up most of a province's minutes.
LONGEST_SITTING = timedelta(hours=24)
_PART_ORDER = (Part.REGULAR, Part.THEMATIC)


def live(state: Meeting) -> Plan:
    """The plan of a meeting that exists and was not withdrawn."""
    if state.plan is None:
        raise errors.MeetingUnknown("Chưa có kỳ sinh hoạt nào mang mã này; hãy lên lịch trước.")
    _refuse_withdrawn(state)
    return state.plan


def held(state: Meeting) -> Outcome:
    live(state)
    if state.outcome is None:
        raise errors.OutcomeMissing("Hãy ghi nhận kỳ sinh hoạt đã được tổ chức trước.")
    return state.outcome


def plan_for_outcome(given: Plan | None, state: Meeting) -> Plan:
    """The plan that an outcome belongs to: the one scheduled, or the one given with a late entry."""
    _refuse_withdrawn(state)
    if state.plan is None:
        if given is None:
            raise errors.MeetingUnknown("Kỳ sinh hoạt chưa được lên lịch: cần đơn vị, kỳ và loại sinh hoạt.")
        return complete(given)
    if given is not None and complete(given) != state.plan:
        raise errors.MeetingExists("Đơn vị, kỳ hoặc loại sinh hoạt khác với lịch đã ghi; hãy đính chính trước.")
    return state.plan


def complete(plan: Plan) -> Plan:
    """The plan with its parts in one order, so that equal plans are equal."""
    return Plan(unit_id=plan.unit_id, body=plan.body, period=plan.period, parts=ordered(plan.parts))


def ordered(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    if not parts or len(set(parts)) != len(parts):
        raise errors.PlanIncomplete("Kỳ sinh hoạt cần ít nhất một phần (thường kỳ, chuyên đề), mỗi phần một lần.")
    return tuple(sorted(parts, key=_PART_ORDER.index))


def check_planned(sittings: tuple[PlannedSitting, ...]) -> None:
    _check_ids([sitting.sitting_id for sitting in sittings])


def check_held(sittings: tuple[HeldSitting, ...], planned: tuple[PlannedSitting, ...], now: datetime) -> None:
    """A held sitting is one of the planned ones (check-ins name them), ends within a day of its start, and is over."""
    _check_ids([sitting.sitting_id for sitting in sittings])
    known = {sitting.sitting_id for sitting in planned}
    for n, sitting in enumerate(sittings):
        if sitting.ended_at <= sitting.started_at:
            raise errors.SittingsWrong(f"sittings[{n}].ended_at: buổi họp phải kết thúc sau khi bắt đầu.")
        if sitting.ended_at - sitting.started_at > LONGEST_SITTING:
            raise errors.SittingsWrong(f"sittings[{n}].ended_at: một buổi họp không kéo dài quá 24 giờ.")
        if sitting.ended_at > now:
            raise errors.SittingsWrong(f"sittings[{n}].ended_at: buổi họp chưa kết thúc.")
        if known and sitting.sitting_id not in known:
            raise errors.SittingsWrong(f"sittings[{n}].sitting_id: không có trong lịch; hãy đổi lịch trước.")


def first_day(sittings: tuple[HeldSitting, ...]) -> date:
    """`held_on`: the local day of the first sitting."""
    return local_date(min(sitting.started_at for sitting in sittings))


def _check_ids(ids: Sequence[UUID]) -> None:
    if not ids or len(set(ids)) != len(ids):
        raise errors.PlanIncomplete("sittings: cần ít nhất một buổi, mỗi buổi một mã riêng.")


def _refuse_withdrawn(state: Meeting) -> None:
    if state.status is Status.WITHDRAWN:
        raise errors.MeetingIsWithdrawn("Kỳ sinh hoạt đã được rút; hãy dùng một mã khác.")
