"""A new version of an event is written only where a setting says so, and is read the same either way."""

from typing import Any
from uuid import uuid4

import pytest

from shared.contracts import catalogue, meetings
from shared.contracts.catalogue import emission_of
from shared.contracts.emission import Emission, VersionNotWritable
from shared.contracts.envelope import Metadata
from shared.contracts.event import Event, EventTypes
from shared.eventstore.log import Append
from shared.eventstore.memory import MemoryLog


class Counted(Event):
    """Version 1 had `present`, version 2 `present` and `guests`, version 3 has `attended` and `guests`."""

    schema_version = 3
    attended: int
    guests: int


class Settled(Event):
    schema_version = 2
    at: int


def renamed(body: dict[str, Any]) -> dict[str, Any]:
    return {"present": body["attended"], "guests": body["guests"]}


def without_guests(body: dict[str, Any]) -> dict[str, Any]:
    return {"present": body["present"]}


UP = {
    ("Counted", 1): lambda body: body | {"guests": 0},
    ("Counted", 2): lambda body: {"attended": body["present"], "guests": body["guests"]},
}
DOWN = {("Counted", 3): renamed, ("Counted", 2): without_guests}
EVENT = Counted(attended=12, guests=3)


@pytest.mark.parametrize(
    ("chosen", "version", "body"),
    [
        ({}, 1, '{"present":12}'),
        ({"Counted": 2}, 2, '{"present":12,"guests":3}'),
        ({"Counted": 3}, 3, '{"attended":12,"guests":3}'),
    ],
)
def test_the_oldest_version_is_written_until_a_setting_names_another(
    chosen: dict[str, int], version: int, body: str
) -> None:
    assert Emission([Counted], DOWN, chosen).written(EVENT) == (version, body)


def test_a_type_without_a_step_down_is_written_as_it_is_declared() -> None:
    assert Emission([Counted, Settled], DOWN).written(Settled(at=1)) == (2, '{"at":1}')


@pytest.mark.parametrize("chosen", [{"Counted": 4}, {"Counted": 0}, {"Settled": 1}, {"Unheard": 1}])
def test_a_version_that_cannot_be_written_is_refused(chosen: dict[str, int]) -> None:
    with pytest.raises(VersionNotWritable, match="cannot be written here"):
        Emission([Counted, Settled], DOWN, chosen)


async def test_a_log_holds_what_was_written_and_its_reader_sees_todays_event() -> None:
    log = MemoryLog("notes", emission=Emission([Counted], DOWN, {"Counted": 2}))
    append = Append("counts", 0, "counts", uuid4(), (EVENT,), Metadata(uuid4(), "office:1"))
    [row] = await log.append(append)
    assert (row.type, row.schema_version) == ("Counted", 2)
    assert EventTypes([Counted], UP).decode(row.type, row.schema_version, row.data) == EVENT


def test_a_service_writes_by_the_steps_of_its_contracts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meetings.MeetingHeld, "schema_version", 2)
    monkeypatch.setattr(meetings, "DOWNCASTERS", {("MeetingHeld", 2): dict}, raising=False)
    emission_of("meetings", {"MeetingHeld": 1})
    emission_of("meetings", {"MeetingHeld": 2})
    with pytest.raises(VersionNotWritable, match=r"MeetingHeld\.v2, MeetingHeld\.v1"):
        emission_of("meetings", {"MeetingHeld": 3})


def test_a_service_without_events_has_nothing_to_choose() -> None:
    assert "reporting" not in catalogue.MODULES
    with pytest.raises(VersionNotWritable, match="none of that name"):
        emission_of("reporting", {"MeetingHeld": 1})
