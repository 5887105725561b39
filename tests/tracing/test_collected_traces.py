"""One trace of one command: request, log, Kafka and every consumer, seen in a collector."""

from contextlib import suppress
from uuid import uuid4

import httpx
import pytest

from tests.e2e.conftest import Played
from tests.fixtures.waiting import until
from tests.tracing.jaeger import Jaeger, Span

pytestmark = [pytest.mark.tracing, pytest.mark.timeout(900)]

ARRIVED_WITHIN_SECONDS = 60  # services hand over their spans every few seconds


def schedule_a_meeting(system: Played, period: str, trace_id: str) -> httpx.Response:
    """As a client that traces its own work: its span is the parent."""
    cell = next(iter(system.actors.cells.values()))
    sitting = {"sitting_id": str(uuid4()), "starts_at": f"{period}-04T08:00:00+07:00", "place": "Nhà văn hóa"}
    meeting = {
        "meeting_id": str(uuid4()),
        "unit_id": str(cell.unit_id),
        "period": period,
        "parts": ["regular"],
        "sittings": [sitting],
    }
    return httpx.post(
        f"{system.system.front_door}/meetings/meetings",
        json=meeting,
        headers={
            "Authorization": f"Bearer {cell.secretary}",
            "Idempotency-Key": uuid4().hex,
            "traceparent": f"00-{trace_id}-00f067aa0ba902b7-01",
        },
    )


def test_a_command_is_one_trace_from_the_request_to_every_figure(collected: Played, jaeger: Jaeger) -> None:
    trace_id = uuid4().hex
    answer = schedule_a_meeting(collected, "2026-05", trace_id)
    assert answer.status_code == httpx.codes.OK, answer.text
    request = "POST /meetings"  # its route in the service, behind the front door
    expected = {
        Span("meetings", (request,)),
        Span("meetings", (request, "meetings.append")),
        Span("meetings", (request, "meetings.relay")),
        Span("meetings", (request, "meetings.list")),
        Span("attendance", (request, "attendance.meetings")),
        Span("evaluation", (request, "evaluation.meetings")),
        Span("reporting", (request, "reporting.facts")),
        Span("operations", (request, "operations.trace")),
        Span("operations", (request, "operations.webhooks")),
    }
    with suppress(AssertionError):  # the difference says more
        until(lambda: set(jaeger.spans(trace_id)) == expected, "the trace is whole", ARRIVED_WITHIN_SECONDS)
    assert set(jaeger.spans(trace_id)) == expected


def test_a_command_is_done_while_the_collector_is_away(collected: Played, jaeger: Jaeger) -> None:
    jaeger.process.stop()
    assert schedule_a_meeting(collected, "2026-06", uuid4().hex).status_code == httpx.codes.OK
