"""Jaeger on this machine: takes spans over OTLP, keeps them in memory, and tells what it has of a trace."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from deploy.local import artefacts, ports
from deploy.local.process import Process
from tests.fixtures.go_modules import built

JAEGER = ("github.com/jaegertracing/jaeger", "v1.76.0", "h1:sWCOOF1dr+NL0PLil7mFo3BqqQL8k4WiM7aguFbc14g=")
STARTED_WITHIN_SECONDS = 60


@dataclass(frozen=True)
class Span:
    """`path`: the names of its ancestors within the trace, from the outermost one on, and its own."""

    service: str
    path: tuple[str, ...]


@dataclass(frozen=True)
class Jaeger:
    otlp: str
    query: str
    process: Process

    @classmethod
    def starting(cls, folder: Path) -> Self:
        """Raises `Missing`. The first time it is built: about 5 minutes of one processor."""
        cache = artefacts.cache_folder().with_name("jaeger")
        cache.mkdir(parents=True, exist_ok=True)
        program = built(JAEGER, "cmd/jaeger", cache)
        otlp, query, others = (ports.free_port() for _ in range(3))
        config = folder / "jaeger.json"
        config.write_text(json.dumps(_config(otlp, query, others)))
        process = Process("jaeger", [str(program), "--config", str(config)], folder=folder)
        return cls(f"http://{ports.LOOPBACK}:{otlp}/v1/traces", f"http://{ports.LOOPBACK}:{query}", process)

    def spans(self, trace_id: str) -> list[Span]:
        """What has arrived of a trace; nothing while it is unknown."""
        answer = httpx.get(f"{self.query}/api/traces/{trace_id}")
        found = answer.json()["data"] if answer.status_code == httpx.codes.OK else []
        return [span for trace in found for span in _spans(trace)]


@contextmanager
def running_jaeger(folder: Path) -> Iterator[Jaeger]:
    """Raises `Missing`."""
    jaeger = Jaeger.starting(folder)
    try:
        jaeger.process.wait_until(lambda: _answers(jaeger.query), STARTED_WITHIN_SECONDS)
        yield jaeger
    finally:
        jaeger.process.stop()


def _config(otlp: int, query: int, others: int) -> dict[str, object]:
    def at(port: int) -> dict[str, str]:
        return {"endpoint": f"{ports.LOOPBACK}:{port}"}

    return {
        "service": {
            "extensions": ["jaeger_storage", "jaeger_query"],
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}},
            "telemetry": {"metrics": {"level": "none"}},
        },
        "extensions": {
            "jaeger_storage": {"backends": {"memory": {"memory": {"max_traces": 100_000}}}},
            "jaeger_query": {"storage": {"traces": "memory"}, "http": at(query), "grpc": at(others)},
        },
        "receivers": {"otlp": {"protocols": {"http": at(otlp)}}},
        "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
    }


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/api/services").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _spans(trace: Any) -> Iterator[Span]:
    spans = {span["spanID"]: span for span in trace["spans"]}

    def path(span: Any) -> tuple[str, ...]:
        above = [spans[parent["spanID"]] for parent in span["references"] if parent["spanID"] in spans]
        return (*(path(above[0]) if above else ()), span["operationName"])

    for span in spans.values():
        yield Span(trace["processes"][span["processID"]]["serviceName"], path(span))
