"""Around every request: prefix, correlation id, trace, one log line, metrics, and the position that it wrote."""

import re
import time
from contextvars import ContextVar
from uuid import UUID, uuid4

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.observability.tracing import name_request, server_span
from shared.web.problems import unexpected

CORRELATION_HEADER = "X-Correlation-Id"
POSITION_HEADER = "X-Log-Position"
PREFIX_HEADER = "X-Forwarded-Prefix"
_PREFIX = re.compile(r"(?:/[a-z0-9-]+)*")

REQUESTS = Counter("http_requests_total", "Requests answered", ["service", "method", "route", "status"])
SECONDS = Histogram("http_request_seconds", "Time to answer", ["service", "method", "route"])

log = structlog.get_logger(__name__)

# The list is made by the middleware and filled by the handler, which runs in the same task.
_positions: ContextVar[list[int] | None] = ContextVar("positions", default=None)


def wrote(position: int) -> None:
    """Remembers a position that this request wrote; the highest goes into a header of its answer."""
    positions = _positions.get()
    if positions is not None:
        positions.append(position)


class Requests:
    """ASGI middleware; plain, because Starlette's BaseHTTPMiddleware runs the handler in another task."""

    def __init__(self, app: ASGIApp, service: str, log_id: str, root_path: str) -> None:
        self._app = app
        self._service = service
        self._log_id = log_id
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope = _behind_prefix(scope, headers.get(PREFIX_HEADER, self._root_path))
        correlation_id = _correlation_id(headers.get(CORRELATION_HEADER))
        scope["state"] = {**scope.get("state", {}), "correlation_id": correlation_id}
        answer = _Answer(send, self._log_id, correlation_id)
        token = _positions.set(answer.positions)
        began = time.perf_counter()
        try:
            with (
                server_span(scope["method"], headers),
                structlog.contextvars.bound_contextvars(correlation_id=correlation_id),
            ):
                await self._handle(scope, receive, answer)
                self._observe(scope, answer.status, time.perf_counter() - began)
        finally:
            _positions.reset(token)

    async def _handle(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        # Here and not in Starlette's outermost handler, so that the answer has its headers and the error one log entry.
        try:
            await self._app(scope, receive, answer)
        except Exception as error:
            if answer.status:
                raise  # half an answer is out: only closing the connection tells the client
            await unexpected(Request(scope), error)(scope, receive, answer)

    def _observe(self, scope: Scope, status: int, seconds: float) -> None:
        # The template, not the path: ids in labels would make a metric per meeting.
        route = getattr(scope.get("route"), "path", "unmatched")
        REQUESTS.labels(self._service, scope["method"], route, str(status)).inc()
        SECONDS.labels(self._service, scope["method"], route).observe(seconds)
        name_request(scope["method"], route, status)
        log.info("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))


class _Answer:
    """Sends the answer with the headers that every answer has."""

    def __init__(self, send: Send, log_id: str, correlation_id: str) -> None:
        self.status = 0
        self.positions: list[int] = []
        self._send = send
        self._log_id = log_id
        self._correlation_id = correlation_id

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[CORRELATION_HEADER] = self._correlation_id
            if self.positions:
                headers[POSITION_HEADER] = f"{self._log_id}:{max(self.positions)}"
        await self._send(message)


def _behind_prefix(scope: Scope, prefix: str) -> Scope:
    # The front door strips the prefix; ASGI wants it in both root_path and path. Giving FastAPI a root_path alone would
    # cut "/meetings" off the route /meetings/{id} of the service behind the prefix /meetings.
    if not _PREFIX.fullmatch(prefix):
        prefix = ""
    return {**scope, "root_path": prefix, "path": prefix + scope["path"]}


def _correlation_id(given: str | None) -> str:
    # Only a UUID is taken over: the value goes into events, where no free text may stand.
    try:
        return str(UUID(given)) if given else str(uuid4())
    except ValueError:
        return str(uuid4())
