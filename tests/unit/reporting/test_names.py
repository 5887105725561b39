"""The order of Vietnamese names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.names import sort_key


def test_numbers_stand_by_value() -> None:
    assert sorted(["Thôn 10", "Thôn 2"], key=sort_key) == ["Thôn 2", "Thôn 10"]


def test_letters_stand_in_the_order_of_the_alphabet() -> None:
    names = ["Đức Thọ", "Can Lộc", "Ân Phú", "An Phú", "Ăn Phú", "Dân Lập", "Ơn", "Ôn", "On"]
    assert sorted(names, key=sort_key) == [
        "An Phú", "Ăn Phú", "Ân Phú", "Can Lộc", "Dân Lập", "Đức Thọ", "On", "Ôn", "Ơn",
    ]  # fmt: skip


def test_tones_only_break_ties() -> None:
    assert sorted(["Hạ", "Hà", "Ha", "Há Nam", "Hả", "Hã"], key=sort_key) == ["Ha", "Hà", "Hả", "Hã", "Hạ", "Há Nam"]


def test_a_decomposed_name_is_the_same_name() -> None:
    assert sort_key("Ha\u0300") == sort_key("Hà")


@given(st.text(max_size=20))
def test_any_name_has_its_place(name: str) -> None:
    """Names are data of an office: one with "m²" or a mark that stands alone must not close the committee's page."""
    assert sorted([name, "Chi bộ 1"], key=sort_key)


@pytest.mark.parametrize("name", ["Khu 500m²", "Tổ ①", "Chi bộ x\u0301", "\u0301", "Đội ١٢"])
def test_odd_characters_have_their_place(name: str) -> None:
    assert sorted(["Chi bộ 1", name], key=sort_key)
