"""`known_as_of` as people write it: positions, or a moment with its zone."""

import pytest

from services.reporting.known import EVERYTHING, KnownAsOf, KnownAsOfMalformed


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "meetings:",
        "meetings:-1",
        f"membership:-{10**30}",
        "a\x00b:1",
        "meetings:1,x",
        "2026-03-01",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
    ],
)
def test_refuses_what_is_neither(text: str) -> None:
    with pytest.raises(KnownAsOfMalformed, match="known_as_of"):
        KnownAsOf.parse(text)


def test_a_position_beyond_every_log_is_everything() -> None:
    assert KnownAsOf.parse(f"meetings:{10**30},attendance:7").positions == {"meetings": EVERYTHING, "attendance": 7}
