"""One trace from the request to the projection."""

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from shared.observability import tracing
from shared.observability.tracing import (
    batch_span,
    current_traceparent,
    name_request,
    server_span,
    step_span,
)

FIRST = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SECOND = "00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-01"


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", provider.get_tracer("test"))
    monkeypatch.setattr(tracing.Collected, "anywhere", True)
    return exporter


def trace_of(span: ReadableSpan) -> str:
    assert span.context
    return format(span.context.trace_id, "032x")


def test_a_request_goes_on_with_the_callers_trace(exported: InMemorySpanExporter) -> None:
    with server_span("GET", {"traceparent": FIRST}):
        assert (current_traceparent() or "").split("-")[1] == FIRST.split("-")[1]
    [span] = exported.get_finished_spans()
    assert trace_of(span) == FIRST.split("-")[1]


def test_events_of_one_command_are_applied_in_its_trace(exported: InMemorySpanExporter) -> None:
    with batch_span("directory", SpanKind.CONSUMER, [FIRST, FIRST, None]):
        pass
    [span] = exported.get_finished_spans()
    assert trace_of(span) == FIRST.split("-")[1]


def test_events_of_several_commands_are_linked_to_each(exported: InMemorySpanExporter) -> None:
    with server_span("GET", {}), batch_span("directory", SpanKind.CONSUMER, [SECOND, FIRST]):
        pass
    span = exported.get_finished_spans()[0]
    linked = {format(link.context.trace_id, "032x") for link in span.links}
    assert linked == {FIRST.split("-")[1], SECOND.split("-")[1]}
    assert trace_of(span) not in linked
    assert span.parent is None


def test_a_request_is_named_after_its_route_and_its_parts_lie_inside(exported: InMemorySpanExporter) -> None:
    with server_span("POST", {}):
        with step_span("meetings.append"):
            pass
        name_request("POST", "/meetings/{meeting_id}", 503)
    part, whole = exported.get_finished_spans()
    assert part.parent == whole.context
    assert (whole.name, whole.status.is_ok) == ("POST /meetings/{meeting_id}", False)


def test_where_nobody_collects_only_a_request_has_a_span(
    exported: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing.Collected, "anywhere", False)
    with server_span("GET", {}), step_span("part"), batch_span("directory", SpanKind.CONSUMER, [FIRST]):
        assert current_traceparent()
    assert [span.name for span in exported.get_finished_spans()] == ["GET"]


def test_there_is_no_traceparent_outside_of_a_request() -> None:
    assert current_traceparent() is None
