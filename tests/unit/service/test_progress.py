"""Progress without a terminal: a line now and then, and none for what is over at once."""

import pytest

from shared.log_commands import ranges
from shared.progress import LINE_SECONDS, Lines, progress


def test_a_line_every_few_seconds_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    lines = Lines("recount meetings", 100, clock=lambda: now)
    lines.advance(10)
    now = LINE_SECONDS
    lines.advance(20)
    lines.advance(1)
    now = 2 * LINE_SECONDS
    lines.advance(9)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "recount meetings: 30 of 100\nrecount meetings: 40 of 100\n")


def test_what_is_over_at_once_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("recount meetings", 100) as advance:
        advance(100)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("positions", "said"), [((), "none"), ((3,), "3"), ((3, 4, 5, 9), "3-5, 9"), ((1, 3, 4), "1, 3-4")]
)
def test_positions_are_said_in_short(positions: tuple[int, ...], said: str) -> None:
    assert ranges(positions) == said
