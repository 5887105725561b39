"""What a receiver's answer means, and how long to wait before the next attempt. Pure."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus

GROWTH = 3.0
LONGEST_WAIT_SECONDS = 4 * 3600.0
# What a receiver may ask for at most: it cannot put an event off for ever.
LONGEST_ASKED_SECONDS = 24 * 3600.0
BUSY = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class Verdict(StrEnum):
    """Of one attempt."""

    DELIVERED = "delivered"
    FAILED = "failed"
    GONE = "gone"  # the receiver wants nothing any more: the subscription ends


@dataclass(frozen=True, slots=True)
class Outcome:
    """`retry_after`: for how many seconds the receiver wants no delivery at all."""

    verdict: Verdict
    reason: str = ""
    retry_after: float | None = None


def judged(status: int, retry_after: str | None, now: datetime) -> Outcome:
    """What an answer means. Only its status counts: bodies are not read."""
    if HTTPStatus(200) <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Outcome(Verdict.DELIVERED)
    if status == HTTPStatus.GONE:
        return Outcome(Verdict.GONE, "answers 410: it wants no more")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return Outcome(Verdict.FAILED, f"answers {status}: redirects are not followed")
    asked = asked_to_wait(retry_after, now) if status in BUSY else None
    return Outcome(Verdict.FAILED, f"answers {status}", asked)


def asked_to_wait(retry_after: str | None, now: datetime) -> float | None:
    """Seconds that a header Retry-After asks for, as a number or as a date; None if it cannot be read."""
    if retry_after is None:
        return None
    if retry_after.strip().isascii() and retry_after.strip().isdigit():
        seconds = float(retry_after[:20])
    else:
        try:
            moment = parsedate_to_datetime(retry_after)
        except (ValueError, OverflowError):
            return None
        seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_ASKED_SECONDS)


def wait_after(failed: int, first: float, chance: Callable[[], float] = random.random) -> float:
    """Seconds after failed attempt number `failed` (from 1): three times as long each time, spread over its half."""
    longest = min(first * GROWTH ** min(failed - 1, 20), LONGEST_WAIT_SECONDS)
    return longest * (1 + chance()) / 2
