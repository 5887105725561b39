"""W3C trace context: taken from a request, written into an event's metadata, taken up again by a consumer.

Spans are only exported where an OTLP endpoint is configured; the context travels always.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("sinh-hoat-chi-bo")
# A thousand events may have as many causes; more links than this no SDK keeps.
MAX_LINKS = 128


class Collected:
    """Whether anybody collects spans. Where nobody does, only a request's has a use: its ids go into events."""

    anywhere = False


def configure_tracing(service: str, otlp_endpoint: str | None) -> None:
    """Gives spans real ids, and an exporter if an endpoint is configured."""
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    Collected.anywhere = otlp_endpoint is not None
    if otlp_endpoint:
        # 12 MiB that only those pay who collect traces.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=otlp_endpoint)))
    trace.set_tracer_provider(provider)


@contextmanager
def server_span(name: str, headers: Mapping[str, str]) -> Iterator[None]:
    """The span of a request, a child of the caller's if `traceparent` came with it."""
    with _tracer.start_as_current_span(name, context=_propagator.extract(headers), kind=SpanKind.SERVER):
        yield


def name_request(method: str, route: str, status: int) -> None:
    """Names the current request's span after its route, which is known once it is answered."""
    span = trace.get_current_span()
    span.update_name(f"{method} {route}")
    span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    if status >= 500:
        span.set_status(StatusCode.ERROR)


@contextmanager
def step_span(name: str) -> Iterator[None]:
    """The span of a part of what is going on."""
    if not Collected.anywhere:
        yield
        return
    with _tracer.start_as_current_span(name):
        yield


@contextmanager
def batch_span(name: str, kind: SpanKind, traceparents: Iterable[str | None]) -> Iterator[None]:
    """The span of events that go on together: a child of the one command that caused them all, or linked to each."""
    if not Collected.anywhere:
        yield
        return
    named = sorted({one for one in traceparents if one})
    causes = [_propagator.extract({"traceparent": cause}) for cause in islice(named, MAX_LINKS)]
    links = [Link(trace.get_current_span(cause).get_span_context()) for cause in causes]
    parent = causes[0] if len(causes) == 1 else Context()
    with _tracer.start_as_current_span(name, context=parent, kind=kind, links=links):
        yield


def current_traceparent() -> str | None:
    """The header value of the current span; None outside of one."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return carrier.get("traceparent")
