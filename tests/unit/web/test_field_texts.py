"""What is wrong with a field is said in Vietnamese."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError
from pydantic_core._pydantic_core import list_all_errors

from shared.contracts.fields import Code, Count, GivenDay, Points
from shared.web.field_texts import OTHERWISE, TEXTS, field_text
from shared.web.inputs import FreeText, Input


class Sent(Input):
    count: Count = 0


class Color(StrEnum):
    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize(
    ("kind", "sent", "text"),
    [
        (Sent, b'{"counts": 1}', "không có trường nào tên như vậy"),
        (Sent, b"[]", "phải là đối tượng JSON"),
        (Sent, b"{", "JSON sai cú pháp"),
        (Count, b"-1", "phải từ 0 trở lên"),
        (Count, b'"12"', "phải là số nguyên"),
        (Points, b"1.234", "chỉ được có nhiều nhất 2 chữ số sau dấu phẩy"),
        (FreeText, b'""', "phải có ít nhất 1 ký tự"),
        (Annotated[str, Field(max_length=3)], b'"abcd"', "chỉ được có nhiều nhất 3 ký tự"),
        (Code, b'"-"', "không đúng dạng ^[A-Za-z0-9]"),
        (UUID, b'"x"', "phải là mã định danh (UUID)"),
        (date, b'"31/03/2026"', "phải là ngày, dạng 2026-03-31"),
        (GivenDay, b'"0001-01-01"', "năm phải từ 1900 đến 2199"),
        (datetime, b'"x"', "phải là ngày giờ"),
        (AwareDatetime, b'"2026-03-31T19:30:00"', "kèm múi giờ"),
        (Color, b'"green"', "phải là một trong: 'red' hoặc 'blue'"),
        (Literal["a", "b"], b'"c"', "phải là một trong: 'a' hoặc 'b'"),
        (Annotated[list[int], Field(max_length=1)], b"[1, 2]", "chỉ được có nhiều nhất 1 phần tử"),
        (bool, b'"maybe"', "phải là true hoặc false"),
    ],
)
def test_a_field_says_in_vietnamese_what_is_wrong(kind: Any, sent: bytes, text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_json(sent)
    assert text in field_text(refused.value.errors()[0])


def test_every_error_of_pydantic_has_a_text_that_can_be_written() -> None:
    kinds = {error["type"] for error in list_all_errors()}
    families = {kind.split("_")[0] for kind in kinds} | kinds
    assert not [name for name in TEXTS if name not in families and not any(kind.startswith(name) for kind in kinds)]
    for error in list_all_errors():
        text = field_text({"type": error["type"], "msg": "in English", "ctx": error["example_context"] or {}})
        assert text != "in English"
    assert field_text({"type": "frozen_instance", "msg": "in English"}) == OTHERWISE


def test_what_our_own_validators_say_stays_as_it_is() -> None:
    assert field_text({"type": "too_many_errors", "msg": "có 3 lỗi"}) == "có 3 lỗi"
