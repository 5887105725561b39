"""DESIGN 9: an event holds ids, codes, counts, dates and hashes, and no string that could be about a person."""

import types
import typing
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import pytest
from pydantic import AwareDatetime

from shared.contracts.catalogue import all_events
from shared.contracts.event import Event
from shared.contracts.fields import Code, DocumentNumber, OfficialName, Period, Sha256, TextRef, Value

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
    return hint in STRINGS or hint in PLAIN or (isinstance(hint, type) and issubclass(hint, StrEnum))


@pytest.mark.parametrize("event_type", EVENTS, ids=lambda event_type: event_type.__name__)
def test_every_field_is_of_an_allowed_kind(event_type: type[Event]) -> None:
    refused = {where: hint for where, hint in fields_of(event_type, event_type.__name__) if not is_allowed(hint)}
    assert refused == {}, "use a kind of shared.contracts.fields; a personal or free text becomes a TextRef"


def test_an_official_name_stands_only_where_no_person_can_be_named() -> None:
    found = {where for event in EVENTS for where, hint in fields_of(event, event.__name__) if hint == OfficialName}
    assert found == OFFICIAL_NAMES


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
