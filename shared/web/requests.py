"""Around every request: correlation id, trace, one log line, a metric, and the position that a command wrote."""

import time
from contextvars import ContextVar
from uuid import UUID, uuid4

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.observability.tracing import server_span

CORRELATION_HEADER = "X-Correlation-Id"
POSITION_HEADER = "X-Log-Position"

REQUESTS = Counter("http_requests_total", "Requests answered", ["service", "method", "route", "status"])
SECONDS = Histogram("http_request_seconds", "Time to answer", ["service", "method", "route"])

log = structlog.get_logger(__name__)

# The holder is made by the middleware and filled by the handler, which runs in the same task.
_position: ContextVar[list[int] | None] = ContextVar("position", default=None)


def wrote(position: int) -> None:
    """Remembers the highest position that this request wrote, for the header of its answer."""
    holder = _position.get()
    if holder is not None:
        holder.append(position)


class Requests:
    """ASGI middleware; plain, because Starlette's BaseHTTPMiddleware runs the handler in another task."""

    def __init__(self, app: ASGIApp, service: str, log_id: str) -> None:
        self._app = app
        self._service = service
        self._log_id = log_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        correlation_id = _correlation_id(headers.get(CORRELATION_HEADER))
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        positions: list[int] = []
        token = _position.set(positions)
        status = 500
        began = time.perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answered = MutableHeaders(scope=message)
                answered[CORRELATION_HEADER] = correlation_id
                if positions:
                    answered[POSITION_HEADER] = f"{self._log_id}:{max(positions)}"
            await send(message)

        structlog.contextvars.clear_contextvars()
        try:
            with (
                server_span(f"{scope['method']} {scope['path']}", headers),
                structlog.contextvars.bound_contextvars(correlation_id=correlation_id),
            ):
                try:
                    await self._app(scope, receive, answer)
                finally:
                    self._observe(scope, status, time.perf_counter() - began)
        finally:
            _position.reset(token)

    def _observe(self, scope: Scope, status: int, seconds: float) -> None:
        # The template, not the path: ids in labels would make a metric per meeting.
        route = getattr(scope.get("route"), "path", "unmatched")
        REQUESTS.labels(self._service, scope["method"], route, str(status)).inc()
        SECONDS.labels(self._service, scope["method"], route).observe(seconds)
        log.info("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))


def _correlation_id(given: str | None) -> str:
    # Only a UUID is taken over: the value goes into events, where no free text may stand.
    try:
        return str(UUID(given)) if given else str(uuid4())
    except ValueError:
        return str(uuid4())
