"""What every service answers: problems, idempotency, positions, correlation, prefix, health, metrics, operations."""

import json
import logging
from uuid import UUID, uuid4

import asyncpg
import pytest

from shared.contracts.membership import OfficeRole
from shared.observability.logging import configure_logging
from shared.observability.tracing import configure_tracing
from shared.service import Runtime
from shared.web import body_limit
from shared.web.problems import MEDIA_TYPE, TYPE_PREFIX
from tests.fixtures.province import CELL_1, CELL_2, COMMUNE_A, Membership, identifier, member, office
from tests.fixtures.waiting import eventually
from tests.integration.web.conftest import Client

NOTE = f"/notes/{CELL_1}"


@pytest.fixture
async def token(client: Client, membership: Membership) -> str:
    await membership.tell(office("secretary 1", CELL_1, OfficeRole.SECRETARY))
    return client.issuer.for_office(identifier("secretary 1"))


@pytest.fixture
def operator(client: Client) -> str:
    return client.issuer.for_client("operator")


class TestProblems:
    @pytest.mark.parametrize(
        ("method", "path", "status", "kind"),
        [
            ("GET", "/nowhere", 404, "not-found"),
            ("DELETE", NOTE, 405, "method-not-allowed"),
            ("GET", "/notes/no-uuid", 422, "invalid-request"),
            ("POST", NOTE, 422, "invalid-request"),
            ("GET", "/broken", 500, "internal-error"),
        ],
    )
    async def test_has_a_stable_type_and_says_what_to_do(
        self, client: Client, token: str, method: str, path: str, status: int, kind: str
    ) -> None:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "1"}
        answer = await client.http.request(method, path, headers=headers)
        problem = answer.json()
        assert answer.status_code == problem["status"] == status
        assert answer.headers["Content-Type"] == MEDIA_TYPE
        assert problem["type"] == TYPE_PREFIX + kind
        assert problem["detail"]
        assert problem["correlation_id"] == answer.headers["X-Correlation-Id"]
        assert "nobody outside" not in answer.text

    @pytest.mark.parametrize(
        ("content", "status", "word"), [(b'"\xff"', 400, "UTF-8"), (b" " * (9 * 1024 * 1024), 413, "quá lớn")]
    )
    async def test_says_what_is_wrong_with_a_body_that_is_not_read(
        self, client: Client, content: bytes, status: int, word: str
    ) -> None:
        headers = {"Content-Type": "application/json"}
        answer = await client.http.post("/bodies", content=content, headers=headers)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, MEDIA_TYPE)
        assert word in answer.json()["detail"]

    async def test_a_body_that_calls_itself_a_form_has_a_limit_too(
        self, client: Client, token: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(body_limit, "MAX_FORM_BYTES", 1000)
        headers = {"Content-Type": "multipart/form-data; boundary=x", "Authorization": f"Bearer {token}"}
        answer = await client.http.post("/bodies", content=b" " * 1001, headers=headers)
        assert answer.status_code == 413

    async def test_no_answer_sends_a_client_where_its_host_header_says(self, client: Client) -> None:
        answer = await client.get("/health/live/", None, {"Host": "elsewhere.test"})
        assert (answer.status_code, answer.headers.get("Location")) == (404, None)

    async def test_names_each_wrong_field(self, client: Client, token: str) -> None:
        answer = await client.post(f"{NOTE}?number=many", token)
        assert [item["field"] for item in answer.json()["errors"]] == ["query.number"]

    async def test_are_documented_to_everyone(self, client: Client) -> None:
        document = (await client.get("/openapi.json", None)).json()
        refusals = document["components"]["responses"]
        assert all(MEDIA_TYPE in refusal["content"] for refusal in refusals.values())
        assert "`token-refused`" in refusals["Problem401"]["description"]

    async def test_says_that_the_database_is_away(self, client: Client, token: str, running: Runtime) -> None:
        await client.get(NOTE, token)
        await running.pool.close()
        answer = await client.get(NOTE, token)
        assert (answer.status_code, answer.json()["type"]) == (503, TYPE_PREFIX + "database-unavailable")
        assert answer.headers["Retry-After"]


class TestCommands:
    async def test_needs_an_idempotency_key(self, client: Client, token: str) -> None:
        answer = await client.post(f"{NOTE}?number=1", token, {"Idempotency-Key": ""})
        assert (answer.status_code, answer.json()["type"]) == (400, TYPE_PREFIX + "idempotency-key-missing")

    async def test_answers_what_it_wrote_and_where(self, client: Client, token: str) -> None:
        answer = await client.post(f"{NOTE}?number=1", token)
        assert answer.json() == {
            "stream": f"note-{CELL_1}",
            "version": 1,
            "position": 1,
            "changed": True,
            "events": ["Noted"],
        }
        assert answer.headers["X-Log-Position"] == "notes:1"

    async def test_with_a_body_nested_too_deep_to_be_read_is_still_one_command(
        self, client: Client, token: str
    ) -> None:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "deep"}
        body = b"[" * 100_000
        answers = [await client.http.post(f"{NOTE}?number=1", content=body, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 200]

    async def test_repeated_gives_the_first_answer(self, client: Client, token: str, running: Runtime) -> None:
        key = {"Idempotency-Key": "once"}
        first = await client.post(f"{NOTE}?number=1", token, key)
        await client.post(f"{NOTE}?number=2", token)
        again = await client.post(f"{NOTE}?number=1", token, key)
        assert again.json() == first.json()
        assert again.headers["X-Log-Position"] == first.headers["X-Log-Position"]
        assert await running.log.head() == 2

    async def test_that_changes_nothing_writes_no_position(self, client: Client, token: str) -> None:
        await client.post(f"{NOTE}?number=1", token)
        answer = await client.post(f"{NOTE}?number=1", token)
        assert (answer.json()["changed"], answer.json()["position"]) == (False, None)
        assert "X-Log-Position" not in answer.headers

    async def test_of_two_offices_under_one_key_are_two_commands(
        self, client: Client, token: str, membership: Membership, running: Runtime
    ) -> None:
        await membership.tell(office("deputy 1", CELL_1, OfficeRole.DEPUTY_SECRETARY))
        key = {"Idempotency-Key": "once"}
        await client.post(f"{NOTE}?number=1", token, key)
        await client.post(f"{NOTE}?number=2", client.issuer.for_office(identifier("deputy 1")), key)
        assert await running.log.head() == 2

    async def test_is_the_same_through_the_front_door(self, client: Client, token: str) -> None:
        key = {"Idempotency-Key": "once"}
        direct = await client.post(f"{NOTE}?number=1", token, key)
        behind = await client.post(f"{NOTE}?number=1", token, key | {"X-Forwarded-Prefix": "/notes"})
        assert behind.json() == direct.json()


class TestTracing:
    async def test_takes_the_clients_correlation_and_trace_into_the_log(
        self, client: Client, token: str, running: Runtime
    ) -> None:
        correlation_id, trace_id = uuid4(), "0af7651916cd43dd8448eb211c80319c"
        configure_tracing("notes", None)
        headers = {
            "X-Correlation-Id": str(correlation_id),
            "traceparent": f"00-{trace_id}-b7ad6b7169203331-01",
        }
        answer = await client.post(f"{NOTE}?number=1", token, headers)
        [row] = await running.log.read(after=0)
        assert answer.headers["X-Correlation-Id"] == str(correlation_id)
        assert row.metadata.correlation_id == correlation_id
        assert (row.metadata.traceparent or "").split("-")[1] == trace_id

    async def test_makes_a_correlation_id_where_none_or_no_uuid_came(
        self, client: Client, token: str, running: Runtime
    ) -> None:
        answer = await client.post(f"{NOTE}?number=1", token, {"X-Correlation-Id": "a name"})
        [row] = await running.log.read(after=0)
        assert row.metadata.correlation_id == UUID(answer.headers["X-Correlation-Id"])

    async def test_logs_each_request_once_as_json_with_its_correlation_id(
        self, client: Client, token: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        written: list[str] = []

        async def is_logged() -> bool:
            written.extend(capsys.readouterr().err.splitlines())
            return any('"event": "request"' in line for line in written)

        try:
            configure_logging("notes")
            answer = await client.get("/broken", token)
            await eventually(is_logged, "the request's own entry, which comes after the answer")
        finally:
            root.handlers, root.level = handlers, level
        entries = [json.loads(line) for line in written]
        mine = [entry for entry in entries if entry.get("correlation_id") == answer.headers["X-Correlation-Id"]]
        assert [entry["event"] for entry in mine] == ["request_failed", "request"]
        assert mine[1] | {"route": "/broken", "status": 500} == mine[1]
        assert mine[1]["service"]  # of a process, which has one: what was first configured in ours is kept
        assert "RuntimeError" in mine[0]["exception"]


class TestConsistency:
    async def test_answers_once_the_position_is_applied(self, client: Client, token: str) -> None:
        written = await client.post(f"{NOTE}?number=1", token)
        answer = await client.get(f"/lately/{CELL_1}?at_least={written.headers['X-Log-Position']}", token)
        assert answer.status_code == 200

    async def test_says_when_to_ask_again(self, client: Client, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("shared.web.consistency.WAIT_SECONDS", 0.1)
        answer = await client.get(f"/lately/{CELL_1}?at_least=notes:99", token)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")

    @pytest.mark.parametrize("given", ["99", "notes:", "notes:-1", "x y:1"])
    async def test_refuses_what_is_no_position(self, client: Client, token: str, given: str) -> None:
        assert (await client.get(f"/lately/{CELL_1}?at_least={given}", token)).status_code == 400


class TestHealth:
    async def test_is_live_and_ready_without_kafka(self, client: Client) -> None:
        for path in ("/health/live", "/health/ready"):
            answer = await client.get(path, None)
            assert (answer.status_code, answer.json()["ok"]) == (200, True)

    async def test_is_not_ready_without_its_database_but_live(self, client: Client, running: Runtime) -> None:
        await running.pool.close()
        assert (await client.get("/health/ready", None)).status_code == 503
        assert (await client.get("/health/live", None)).status_code == 200

    async def test_is_not_ready_while_a_migration_is_missing(self, client: Client, running: Runtime) -> None:
        owner = await asyncpg.connect(running.settings.database_url)
        await owner.execute("DELETE FROM schema_migrations WHERE version = '0071'")
        await owner.close()
        answer = await client.get("/health/ready", None)
        assert answer.status_code == 503
        assert "0071" in answer.json()["problems"][0]

    async def test_counts_requests_by_route_and_not_by_id(self, client: Client, token: str) -> None:
        async def is_counted() -> bool:
            return 'route="/notes/{unit_id}"' in (await client.get("/metrics", None)).text

        await client.get(NOTE, token)
        await eventually(is_counted, "the request is counted, which comes after the answer")
        assert str(CELL_1) not in (await client.get("/metrics", None)).text


class TestOperations:
    async def test_status_is_for_operators(self, client: Client, token: str, operator: str) -> None:
        assert (await client.get("/ops/status", operator)).json()["service"] == "notes"
        assert (await client.get("/ops/parked", operator)).status_code == 200
        for path in ("/ops/status", "/ops/parked"):
            assert (await client.get(path, token)).status_code == 403

    async def test_an_event_is_shown_to_who_reads_its_unit_and_to_operators(
        self, client: Client, token: str, operator: str, membership: Membership
    ) -> None:
        await membership.tell(
            office("secretary 2", CELL_2, OfficeRole.SECRETARY),
            office("office A", COMMUNE_A, OfficeRole.COMMUNE_OFFICE),
            member("lan", CELL_1),
        )
        await client.post(f"{NOTE}?number=1", token)
        issuer = client.issuer
        readers = [token, operator, issuer.for_office(identifier("office A")), issuer.for_member(identifier("lan"))]
        for reader in readers:
            shown = await client.get("/ops/events/1", reader)
            assert (shown.status_code, shown.json()["data"]) == (200, {"unit_id": str(CELL_1), "number": 1})
        assert (await client.get("/ops/events/1", issuer.for_office(identifier("secretary 2")))).status_code == 403

    async def test_a_position_without_event_is_not_found(self, client: Client, operator: str) -> None:
        for position in ("0", "1", "99", "-5", str(10**30)):
            assert (await client.get(f"/ops/events/{position}", operator)).status_code in {404, 422}
