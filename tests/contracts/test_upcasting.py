"""The ladder of upcasters: every old version reads as today's event, and the log is never rewritten."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.catalogue import MODULES, upcasters_of
from shared.contracts.event import (
    Event,
    EventTypes,
    UndecodableEvent,
    UnknownEventType,
    Upcaster,
    declared_in,
)


class Counted(Event):
    """Version 1 had `present`, version 2 `present` and `guests`, version 3 has `attended` and `guests`."""

    schema_version = 3
    attended: int
    guests: int


def with_guests(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "guests": 0}


def renamed(body: dict[str, Any]) -> dict[str, Any]:
    return {"attended": body["present"], "guests": body["guests"]}


LADDER = EventTypes([Counted], {("Counted", 1): with_guests, ("Counted", 2): renamed})


@given(present=st.integers(0, 10_000), guests=st.integers(0, 100))
def test_an_old_event_reads_the_same_from_whichever_rung(present: int, guests: int) -> None:
    assert LADDER.decode("Counted", 1, json.dumps({"present": present})) == Counted(attended=present, guests=0)
    from_second = LADDER.decode("Counted", 2, json.dumps({"present": present, "guests": guests}))
    assert from_second == Counted(attended=present, guests=guests)
    assert LADDER.decode("Counted", 3, from_second.model_dump_json()) == from_second


class Climbed(Event):
    """Version n calls its trail `trail<n>`, the newest `trail`; each rung leaves its mark, so none is like another."""

    trail: str
    value: int


def rung(version: int, newest: int) -> Upcaster:
    """Refuses, with a KeyError, what is not of its own version."""
    there = "trail" if version + 1 == newest else f"trail{version + 1}"

    def up(body: dict[str, Any]) -> dict[str, Any]:
        kept = {name: value for name, value in body.items() if name != f"trail{version}"}
        return {**kept, there: f"{body[f'trail{version}']}>{version}", "value": body["value"] * 3 + version}

    return up


@given(newest=st.integers(2, 9), value=st.integers(0, 1000), trail=st.text(max_size=5))
def test_every_old_version_reads_as_the_newest_by_every_rung_once_and_in_order(
    newest: int, value: int, trail: str
) -> None:
    rungs = {("Climbed", version): rung(version, newest) for version in range(1, newest)}
    latest = type("Climbed", (Climbed,), {"schema_version": newest, "__module__": __name__})
    types = EventTypes([latest], rungs)
    body: dict[str, Any] = {"trail1": trail, "value": value}
    read = []
    for version in range(1, newest + 1):
        written = json.dumps(body)
        read.append(types.decode("Climbed", version, written))
        if version < newest:
            body = rungs["Climbed", version](json.loads(written))
    assert len(set(read)) == 1
    assert read[0].model_dump()["trail"] == trail + "".join(f">{version}" for version in range(1, newest))


def test_a_version_newer_than_the_code_cannot_be_decoded() -> None:
    with pytest.raises(UndecodableEvent, match="version 4 is newer than 3"):
        LADDER.decode("Counted", 4, "{}")


def test_a_missing_rung_cannot_be_decoded() -> None:
    with pytest.raises(UndecodableEvent, match="version 1"):
        EventTypes([Counted], {("Counted", 2): renamed}).decode("Counted", 1, '{"present": 1}')


@pytest.mark.parametrize("data", ["", "not json", "[]", "null", "{}", '{"attended": "many", "guests": 1}'])
@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_body_that_is_not_the_events_cannot_be_decoded(version: int, data: str) -> None:
    with pytest.raises(UndecodableEvent):
        LADDER.decode("Counted", version, data)


def test_a_body_nested_beyond_reading_cannot_be_decoded() -> None:
    for version in (1, 3):
        with pytest.raises(UndecodableEvent):
            LADDER.decode("Counted", version, "[" * 100_000)


def test_a_type_that_is_not_declared_is_unknown() -> None:
    with pytest.raises(UnknownEventType):
        LADDER.decode("Other", 1, "{}")


@pytest.mark.parametrize("service", MODULES)
def test_every_older_version_has_its_rung_and_no_rung_is_spare(service: str) -> None:
    needed = {
        (event_type.__name__, version)
        for event_type in declared_in(MODULES[service])
        for version in range(1, event_type.schema_version)
    }
    assert set(upcasters_of(service)) == needed


def test_what_is_wrong_with_a_body_is_one_line_without_the_body() -> None:
    with pytest.raises(UndecodableEvent) as refused:
        LADDER.decode("Counted", 3, '{"attended": "Nguyễn Văn A"}')
    said = str(refused.value)
    assert said.startswith("Counted version 3: attended: ")
    assert "guests: Field required" in said
    assert "Nguyễn" not in said
    assert "\n" not in said
