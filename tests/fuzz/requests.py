"""Requests as each service's OpenAPI document allows them, and as it does not: a documented answer, nothing half-done.

Schemathesis makes them from the schema; most are aimed at units, meetings and members that exist, by somebody's token.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import httpx
import requests
import schemathesis
from anyio.from_thread import BlockingPortal
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.contracts.envelope import RecordedEvent
from tests.fuzz.damage import ODD, as_json, damaged
from tests.fuzz.system import HELD, PLANNED, SITTINGS, TOKENS, System
from tests.fuzz.target import Target
from tests.integration import commune
from tests.integration.inprocess import InProcess

Request = Case[Any]
Operation = APIOperation[Any, Any, Any, Any]
CHECKS: Sequence[Any] = (
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
# Said by a query that waits for what has not come, and by nothing else here: the databases are there.
MAY_WAIT = "position-not-reached"
UNITS = [commune.PROVINCE, commune.COMMUNE, commune.FIRST, commune.FIRST, commune.FIRST, commune.SECOND, commune.SUB]
MEMBERS = [commune.AN, commune.BINH, commune.CHI, commune.DUNG]
MEETINGS = [PLANNED, HELD, HELD]
PERIODS = ["2026-03", "2026-04", "2026-02"]
# By the name of a parameter or field: what exists.
KNOWN: dict[str, Sequence[UUID | str]] = {
    "meeting_id": MEETINGS,
    "member_id": MEMBERS,
    "sitting_id": list(SITTINGS.values()),
    "period": PERIODS,
    "removed": MEMBERS,
    "merged": UNITS,
    **dict.fromkeys(
        ("unit_id", "parent_id", "to_cell_id", "host_cell_id", "under", "cell_id", "into", "decided_by"), UNITS
    ),
}
# Of which nearly everything is refused before anything else is looked at.
SELDOM_RIGHT = frozenset({"at_least", "after", "known_as_of"})
WHO = st.sampled_from(["secretary"] * 4 + ["integrator"] * 2 + ["office"] * 2 + sorted(TOKENS))


@st.composite
def cases(draw: st.DrawFn, operation: Operation) -> Request:
    """A request for `operation`, aimed more or less well."""
    case: Request = draw(_generated(operation))
    case.path_parameters = {name: _aimed(draw, name, value) for name, value in (case.path_parameters or {}).items()}
    case.query = {
        name: _aimed(draw, name, value)
        for name, value in (case.query or {}).items()
        if name not in SELDOM_RIGHT or _rarely(draw)
    }
    if isinstance(case.body, dict | list):
        case.body = _aimed(draw, "", case.body)
        if _rarely(draw):
            case.body = draw(damaged(case.body))
    who = draw(WHO)
    headers = dict(case.headers or {})
    if not _rarely(draw):
        headers = {
            name: value for name, value in headers.items() if name.lower() not in {"authorization", "on-behalf-of"}
        }
        headers["Authorization"] = TOKENS[who]
        if who == "office":
            headers["On-Behalf-Of"] = str(commune.FIRST)
    if not _rarely(draw):
        headers["Idempotency-Key"] = str(draw(st.uuids()))
    case.headers = CaseInsensitiveDict(headers)
    return case


@cache
def _generated(operation: Operation) -> st.SearchStrategy[Request]:
    right, wrong = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)
    return (
        st.one_of(right, right, right, wrong)
        if operation.body or operation.path_parameters or operation.query
        else right
    )


def _aimed(draw: st.DrawFn, name: str, value: Any) -> Any:
    """`value` with ids of what exists in most of the places that are called after such ids."""
    if isinstance(value, dict):
        return {inner: _aimed(draw, inner, item) for inner, item in value.items()}
    if isinstance(value, list):
        return [_aimed(draw, name, item) for item in value]
    if name not in KNOWN or value is None or _rarely(draw):
        return draw(ODD.filter(_can_be_sent)) if _rarely(draw) and _rarely(draw) else value
    return str(draw(st.sampled_from(KNOWN[name])))


def _rarely(draw: st.DrawFn) -> bool:
    """About once in ten times: Hypothesis likes the ends of a range, and this is none."""
    return draw(st.integers(0, 9)) == 5


def _can_be_sent(value: Any) -> bool:
    return json.dumps(value, ensure_ascii=False).isprintable()


@dataclass
class Sender:
    """Sends cases to one service, and looks at what they left in its log."""

    portal: BlockingPortal
    system: System
    service: InProcess
    since_delivery: int = 0

    def check(self, case: Request) -> None:
        request = _request(case)
        before = self._state()
        answer = self._send(request)
        self._check_answer(case, answer)
        written = self.portal.call(self.system.rows, self.service.service.name, before[0])
        if answer.is_success and case.method.upper() != "GET":
            _check_whole(before[0], written, answer)
            self._check_repetition(request, answer)
        else:
            assert self._state() == before, f"{answer.status_code}, but recorded {[row.type for row in written]}"
        self._deliver()

    def _check_answer(self, case: Request, answer: httpx.Response) -> None:
        if answer.status_code == 503 and MAY_WAIT in answer.text:
            return
        case.validate_response(answer, checks=[not_a_server_error, *CHECKS])
        if answer.is_error and "text/html" not in answer.headers["Content-Type"]:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["status"] == answer.status_code
            assert answer.json()["detail"]

    def _check_repetition(self, request: httpx.Request, answer: httpx.Response) -> None:
        """A command that is sent again under its key is answered again, and does nothing."""
        if "Idempotency-Key" not in request.headers or "form" in request.headers.get("Content-Type", ""):
            return
        state = self._state()
        again = self._send(httpx.Request(request.method, request.url, headers=request.headers, content=request.content))
        assert again.is_success, again.text
        if answer.json().get("changed"):
            assert again.json() == answer.json()
        assert self._state() == state

    def _send(self, request: httpx.Request) -> httpx.Response:
        return self.portal.call(self.service.client.send, request)

    def _state(self) -> tuple[int, int]:
        """The log's head, and how many erasable texts there are."""
        return self.portal.call(self._read_state)

    async def _read_state(self) -> tuple[int, int]:
        head = await self.service.runtime.log.head()
        return head, await self.service.runtime.pool.fetchval("SELECT count(*) FROM texts")

    def _deliver(self) -> None:
        self.since_delivery += 1
        if self.since_delivery % 50 == 0:
            self.portal.call(self.system.deliver)


def _request(case: Request) -> httpx.Request:
    """As Schemathesis would have it sent."""
    sent = case.as_transport_kwargs(base_url="http://service")
    if "json" in sent:
        # With infinities and lone surrogates, as `requests` would not write them.
        sent["data"] = as_json(sent.pop("json"))
    prepared = requests.Request(**sent).prepare()
    assert prepared.method
    assert prepared.url
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    headers = [(_bytes(name), _bytes(value)) for name, value in prepared.headers.items()]
    return httpx.Request(prepared.method, prepared.url, headers=headers, content=body)


def _bytes(header: str | bytes) -> bytes:
    return header if isinstance(header, bytes) else header.encode("latin-1", errors="replace")


def _check_whole(before: int, written: Sequence[RecordedEvent], answer: httpx.Response) -> None:
    """All that a command decided stands in the log, as one command of the request, in order."""
    said = answer.json() if answer.headers["Content-Type"] == "application/json" else {}  # a page says nothing of it
    if "events" in said:
        # Nothing new is written by a command that happens to repeat an earlier one.
        assert [row.type for row in written] in ([], said["events"])
        assert bool(written) == (said["changed"] and said["position"] > before)
        assert len({row.command_id for row in written}) <= 1
    for row in written:
        assert str(row.metadata.correlation_id) == answer.headers["X-Correlation-Id"]
    by_command: dict[UUID, list[int]] = {}
    for row in written:
        by_command.setdefault(row.command_id, []).append(row.n)
    assert all(numbers == [*range(len(numbers))] for numbers in by_command.values())


def targets(portal: BlockingPortal, system: System) -> list[Target]:
    """One per service."""
    found = []
    for name, service in system.services.items():
        schema = schemathesis.openapi.from_dict(service.app.openapi())
        operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
        inputs = st.sampled_from(operations).flatmap(cases)
        found.append(
            Target(f"requests to {name}", inputs, Sender(portal, system, service).check, share=100, forgets=False)
        )
    return found
