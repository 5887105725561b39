"""What a receiver's answer means, and when the next attempt is."""

from datetime import UTC, datetime

import pytest

from services.operations.webhooks.verdict import (
    LONGEST_ASKED_SECONDS,
    LONGEST_WAIT_SECONDS,
    Outcome,
    Verdict,
    asked_to_wait,
    judged,
    wait_after,
)

NOW = datetime(2026, 3, 3, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_success_is_a_delivery(status: int) -> None:
    assert judged(status, None, NOW) == Outcome(Verdict.DELIVERED)


def test_410_ends_the_subscription() -> None:
    assert judged(410, None, NOW).verdict is Verdict.GONE


@pytest.mark.parametrize("status", [100, 300, 301, 302, 304, 307, 308, 400, 401, 404, 409, 429, 500, 503])
def test_everything_else_is_tried_again(status: int) -> None:
    assert judged(status, None, NOW).verdict is Verdict.FAILED


def test_a_redirect_is_said_to_be_one() -> None:
    assert judged(302, None, NOW).reason == "answers 302: redirects are not followed"


@pytest.mark.parametrize(("status", "asked"), [(429, 120.0), (503, 120.0), (500, None), (200, None)])
def test_only_a_busy_receiver_may_ask_for_a_pause(status: int, asked: float | None) -> None:
    assert judged(status, "120", NOW).retry_after == asked


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0.0),
        (" 7 ", 7.0),
        ("Tue, 03 Mar 2026 11:01:00 GMT", 60.0),
        ("Tue, 03 Mar 2026 10:00:00 GMT", 0.0),
        ("9" * 400, LONGEST_ASKED_SECONDS),
        ("Tue, 03 Mar 2099 11:01:00 GMT", LONGEST_ASKED_SECONDS),
        ("Mon, 01 Jan 2026 00:00:00 +99999999999999999", None),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("٣", None),
        (None, None),
    ],
)
def test_a_pause_is_read_as_a_number_or_a_date_and_has_an_end(header: str | None, seconds: float | None) -> None:
    assert asked_to_wait(header, NOW) == seconds


def test_waits_grow_threefold_up_to_a_longest_one() -> None:
    longest = [wait_after(failed, 5.0, lambda: 1.0) for failed in range(1, 11)]
    assert longest[:4] == [5.0, 15.0, 45.0, 135.0]
    assert longest[-1] == wait_after(10_000, 5.0, lambda: 1.0) == LONGEST_WAIT_SECONDS


def test_receivers_that_failed_together_are_not_asked_again_together() -> None:
    assert (wait_after(2, 5.0, lambda: 0.0), wait_after(2, 5.0, lambda: 0.5)) == (7.5, 11.25)
    assert len({wait_after(2, 5.0) for _ in range(20)}) > 1
