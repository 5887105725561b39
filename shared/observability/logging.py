"""Structured logs: one JSON line per entry on stderr, with the correlation id of the request or event."""

import logging
import sys

import structlog
from opentelemetry import trace
from structlog.typing import EventDict, WrappedLogger


def configure_logging(service: str, level: str = "INFO") -> None:
    """Sends structlog's and the libraries' entries the same way. Texts and names never belong in a log entry."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _service_and_trace(service),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    handler.addFilter(Repeats("aiokafka", seconds=60))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    _take_over_libraries()
    # Every request is already one line with its correlation id.
    logging.getLogger("uvicorn.access").disabled = True
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    # It warns at each session that topics are not made by themselves, which is what we want of it.
    logging.getLogger("faststream").setLevel(logging.ERROR)
    logging.getLogger("aiokafka").setLevel(logging.WARNING)


class Repeats(logging.Filter):
    """Lets each kind of entry of a library through once in a while: without a broker aiokafka writes 100 a second."""

    def __init__(self, library: str, seconds: float) -> None:
        super().__init__()
        self._library = library
        self._seconds = seconds
        self._written: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] != self._library:
            return True
        kind = record.name, str(record.msg)
        written = self._written.get(kind)
        if written is not None and record.created - written < self._seconds:
            return False
        self._written[kind] = record.created
        return True


def _take_over_libraries() -> None:
    # FastStream's logger comes with a handler of its own, which writes coloured text between the JSON lines.
    for name in list(logging.root.manager.loggerDict):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True


def _service_and_trace(service: str) -> structlog.typing.Processor:
    def add(_: WrappedLogger, __: str, entry: EventDict) -> EventDict:
        entry["service"] = service
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            entry["trace_id"] = format(span.trace_id, "032x")
        return entry

    return add
