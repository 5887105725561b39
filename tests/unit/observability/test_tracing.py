"""One trace from the request to the projection."""

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.observability.tracing import batch_span, configure_tracing, current_traceparent, server_span

FIRST = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SECOND = "00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-01"


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        configure_tracing("test", None)
    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    exporter = InMemorySpanExporter()
    processor = SimpleSpanProcessor(exporter)
    provider.add_span_processor(processor)
    yield exporter
    processor.shutdown()


def trace_of(span: ReadableSpan) -> str:
    assert span.context
    return format(span.context.trace_id, "032x")


def test_a_request_goes_on_with_the_callers_trace(exported: InMemorySpanExporter) -> None:
    with server_span("GET", {"traceparent": FIRST}):
        assert (current_traceparent() or "").split("-")[1] == FIRST.split("-")[1]
    [span] = exported.get_finished_spans()
    assert trace_of(span) == FIRST.split("-")[1]


def test_events_of_one_command_are_applied_in_its_trace(exported: InMemorySpanExporter) -> None:
    with batch_span("directory", [FIRST, FIRST, None]):
        pass
    [span] = exported.get_finished_spans()
    assert trace_of(span) == FIRST.split("-")[1]


def test_events_of_several_commands_are_linked_to_each(exported: InMemorySpanExporter) -> None:
    with server_span("GET", {}), batch_span("directory", [SECOND, FIRST]):
        pass
    span = exported.get_finished_spans()[0]
    linked = {format(link.context.trace_id, "032x") for link in span.links}
    assert linked == {FIRST.split("-")[1], SECOND.split("-")[1]}
    assert trace_of(span) not in linked
    assert span.parent is None


def test_there_is_no_traceparent_outside_of_a_request() -> None:
    assert current_traceparent() is None
