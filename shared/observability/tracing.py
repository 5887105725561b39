"""W3C trace context: taken from a request, written into an event's metadata, taken up again by a consumer.

Spans are only exported where an OTLP endpoint is configured; the context travels always.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("sinh-hoat-chi-bo")


def configure_tracing(service: str, otlp_endpoint: str | None) -> None:
    """Gives spans real ids, and an exporter if an endpoint is configured (raises ImportError without its package)."""
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    if otlp_endpoint:
        # Optional packages, installed where traces are collected.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint)))
    trace.set_tracer_provider(provider)


@contextmanager
def server_span(name: str, headers: Mapping[str, str]) -> Iterator[None]:
    """The span of a request, a child of the caller's if `traceparent` came with it."""
    with _tracer.start_as_current_span(name, context=_propagator.extract(headers), kind=SpanKind.SERVER):
        yield


@contextmanager
def batch_span(name: str, traceparents: Iterable[str | None]) -> Iterator[None]:
    """The span of applying events: a child of the one command that caused them all, or else linked to each cause."""
    causes = [_propagator.extract({"traceparent": cause}) for cause in sorted({one for one in traceparents if one})]
    links = [Link(trace.get_current_span(cause).get_span_context()) for cause in causes]
    parent = causes[0] if len(causes) == 1 else Context()
    with _tracer.start_as_current_span(name, context=parent, kind=SpanKind.CONSUMER, links=links):
        yield


def current_traceparent() -> str | None:
    """The header value of the current span; None outside of one."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")
