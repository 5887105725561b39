"""Bodies are refused at the door where a later reader could not take what they say."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.contracts.fields import Count, GivenDay, GivenMoment, Period
from shared.web.inputs import MOST_ERRORS, FreeText, Input


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (GivenDay, "0001-01-01"),
        (GivenDay, "9999-12-31"),
        (GivenMoment, "0001-01-01T00:00:00+14:00"),
        (GivenMoment, "9999-12-31T23:59:59-12:00"),
        (Period, "0000-01"),
        (Period, "9999-12"),
    ],
)
def test_a_day_at_the_end_of_the_calendar_is_refused(kind: Any, value: str) -> None:
    with pytest.raises(ValidationError, match="năm phải từ 1900 đến 2199"):
        TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [(GivenDay, "2026-03-31"), (GivenMoment, "2026-03-31T08:00:00+07:00"), (Period, "2026-03"), (Count, 12)],
)
def test_an_ordinary_value_is_taken(kind: Any, value: object) -> None:
    TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize("value", ["12", True, 12.0])
def test_only_a_number_is_a_count(value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Count).validate_python(value)


def test_a_text_that_the_database_cannot_hold_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"U\+0000"):
        TypeAdapter(FreeText).validate_python("một\x00hai")


def test_a_text_keeps_its_lines() -> None:
    assert TypeAdapter(FreeText).validate_python("  một\nhai ") == "một\nhai"


class Line(Input):
    count: Count


class Lines(Input):
    lines: tuple[Line, ...]


def test_some_errors_are_named_one_by_one() -> None:
    with pytest.raises(ValidationError) as refused:
        Lines.model_validate({"lines": [{"count": "x"}] * MOST_ERRORS})
    assert refused.value.error_count() == MOST_ERRORS


@pytest.mark.parametrize("body", [{"lines": [{}] * 101}, {"lines": [], **{f"k{n}": 1 for n in range(101)}}])
def test_very_many_errors_are_one(body: dict[str, object]) -> None:
    """A hundred thousand of them, each written out, kept a service from answering anybody else for seconds."""
    with pytest.raises(ValidationError, match="có 101 lỗi") as refused:
        Lines.model_validate(body)
    assert refused.value.error_count() == 1
