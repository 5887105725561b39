"""docs/adr/0005: an event holds ids, codes, counts, dates and hashes, and no string that could be about a person."""

import types
import typing
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeGuard
from uuid import UUID

import pytest
from pydantic import AwareDatetime

from shared.contracts.attendance import Call, Way
from shared.contracts.catalogue import all_events
from shared.contracts.event import Event
from shared.contracts.fields import Citation, Code, DocumentNumber, OfficialName, Period, Sha256, TextRef, Value
from shared.contracts.membership import AssignmentKind, MemberStatus, OfficeRole, Standing

STRINGS = (Code, DocumentNumber, OfficialName, Period, Sha256)
PLAIN = (UUID, date, datetime, AwareDatetime, bool, int, Decimal)

# Where an official name may stand: units and catalogue items. A new line here is a new claim that no person is named.
OFFICIAL_NAMES = {
    "UnitKindDefined.name",
    "UnitRegistered.name",
    "UnitRenamed.name",
    "CriteriaSetPublished.name",
    "CriteriaSetPublished.groups.name",
    "CriteriaSetPublished.groups.items.name",
    "CriteriaSetPublished.groups.items.options.name",
    "CriteriaSetPublished.bands.name",
}

# Every code, enum and document number in an event that names a member, with why it says nothing of the person's health,
# conduct or cause. A new line here is such a claim: when in doubt the field is a TextRef with the member as subject.
WHY_THE_RECORD = "why a record is taken back or put right, never why the person did something"
ABOUT_A_MEMBER = {
    "OfficeAssigned.role": "the office, public in the unit",
    "AssignmentGiven.kind": "the work given: following a cell or taking its notes",
    "MemberAdmitted.standing": "the right to vote",
    "MemberStatusChanged.standing": "the right to vote",
    "MemberStatusChanged.status": "the effect on meetings, without its cause",
    "MemberChangeWithdrawn.reason": WHY_THE_RECORD,
    "MemberAliased.system": "the name of an outer system",
    "RosterDrawn.rows.exclusion": "the effect on meetings, without its cause",
    "RosterDiscrepancyFound.row.exclusion": "the effect on meetings, without its cause",
    "RosterAmended.rows.exclusion": "the effect on meetings, without its cause",
    "RosterAmended.reason": WHY_THE_RECORD,
    "MemberCheckedIn.call": "start or end",
    "MemberCheckedIn.way": "how the check-in was entered",
    "CheckInWithdrawn.call": "start or end",
    "CheckInWithdrawn.reason": WHY_THE_RECORD,
    "DepartureWithdrawn.reason": WHY_THE_RECORD,
    "AbsenceWithdrawn.reason": WHY_THE_RECORD,
}
# All that these enums may say: a new value is read here first, with the same question.
VALUES_ABOUT_A_MEMBER = {
    OfficeRole: {"secretary", "deputy_secretary", "committee_member", "commune_office", "appraiser", "province_board"},
    AssignmentKind: {"follower", "note_taker"},
    Standing: {"official", "probationary"},
    MemberStatus: {
        "active", "exempt", "temporary_elsewhere", "in_transit", "suspended", "special_duty", "departed",
    },
    Call: {"start", "end"},
    Way: {"live", "qr", "offline", "paper", "import"},
}  # fmt: skip

EVENTS = [event_type for _, event_type in all_events()]


def fields_of(value_type: type[Value], where: str) -> Iterator[tuple[str, object]]:
    """(path, annotation) of every leaf, through nested values, tuples and optional fields."""
    hints = typing.get_type_hints(value_type, include_extras=True)
    for name in value_type.model_fields:
        yield from leaves(hints[name], f"{where}.{name}")


def leaves(hint: object, where: str) -> Iterator[tuple[str, object]]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in STRINGS:
        yield where, hint
    elif origin is typing.Annotated:
        yield from leaves(arguments[0], where)
    elif origin in (typing.Union, types.UnionType, tuple):
        for argument in arguments:
            if argument not in (types.NoneType, Ellipsis):
                yield from leaves(argument, where)
    elif isinstance(hint, type) and issubclass(hint, Value):
        yield from fields_of(hint, where)
    else:
        yield where, hint


def is_allowed(hint: object) -> bool:
    return hint in STRINGS or hint in PLAIN or is_enum(hint)


def telling(event_type: type[Event]) -> dict[str, object]:
    """Path and kind of what could tell a cause, in an event that names a member anywhere."""
    found = dict(fields_of(event_type, event_type.__name__))
    if not any(where.endswith(".member_id") for where in found):
        return {}
    return {
        where: hint for where, hint in found.items() if hint in (Code, DocumentNumber, OfficialName) or is_enum(hint)
    }


def is_enum(hint: object) -> TypeGuard[type[StrEnum]]:
    return isinstance(hint, type) and issubclass(hint, StrEnum)


@pytest.mark.parametrize("event_type", EVENTS, ids=lambda event_type: event_type.__name__)
def test_every_field_is_of_an_allowed_kind(event_type: type[Event]) -> None:
    refused = {where: hint for where, hint in fields_of(event_type, event_type.__name__) if not is_allowed(hint)}
    assert refused == {}, "use a kind of shared.contracts.fields; a personal or free text becomes a TextRef"


def test_an_official_name_stands_only_where_no_person_can_be_named() -> None:
    found = {where for event in EVENTS for where, hint in fields_of(event, event.__name__) if hint == OfficialName}
    assert found == OFFICIAL_NAMES


def test_what_an_event_tells_about_a_member_is_listed_with_why_it_tells_no_cause() -> None:
    assert {where for event in EVENTS for where in telling(event)} == ABOUT_A_MEMBER.keys()


def test_an_enum_about_a_member_has_no_value_that_nobody_asked_about() -> None:
    hints = [hint for event in EVENTS for hint in telling(event).values()]
    assert {hint: set(hint) for hint in hints if is_enum(hint)} == VALUES_ABOUT_A_MEMBER


def test_a_code_an_enum_and_a_document_beside_a_member_are_found_at_any_depth() -> None:
    class Row(Value):
        member_id: UUID
        cause: Standing | None = None

    class Told(Event):
        rows: tuple[Row, ...]
        ground: Code | None = None
        decision: Citation | None = None
        held_on: date

    assert telling(Told).keys() == {"Told.rows.cause", "Told.ground", "Told.decision.number"}


def test_a_plain_string_a_list_of_them_and_an_open_object_are_refused() -> None:
    class Inner(Value):
        remark: str

    class Loose(Event):
        name: str | None = None
        names: tuple[str, ...] = ()
        inner: Inner
        anything: dict[str, int]
        text: TextRef

    refused = {where for where, hint in fields_of(Loose, "Loose") if not is_allowed(hint)}
    assert refused == {"Loose.name", "Loose.names", "Loose.inner.remark", "Loose.anything"}


@pytest.mark.parametrize("event_type", EVENTS, ids=lambda event_type: event_type.__name__)
def test_every_event_says_what_happened_and_is_frozen(event_type: type[Event]) -> None:
    assert (event_type.__doc__ or "").strip()
    assert event_type.model_config["frozen"]
    assert event_type.visibility in ("public", "internal")


def test_names_are_unique_over_all_services() -> None:
    names = [event_type.__name__ for event_type in EVENTS]
    assert sorted(names) == sorted(set(names))
