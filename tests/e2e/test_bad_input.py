"""Bad input through the front door: a clear refusal that names the place, and nothing half-done.

Nothing here counts in the month that the other tests of this folder look at.
"""

from typing import Any
from uuid import uuid4

import pytest

from samples.demo.job import SEED
from samples.demo.people import Cell
from samples.month import PERIOD, Course, plan_month
from samples.province.make import make_province
from shared.web.issuer import DemoIssuer
from tests.e2e.asking import Door, claims_of, part_of, refused
from tests.e2e.conftest import Played

pytestmark = pytest.mark.timeout(300)

APART = "2026-05"


@pytest.fixture(scope="module")
def cell(played: Played) -> Cell:
    """A cell that met: the order of cells follows their ids, which are new each time."""
    months = plan_month(make_province(SEED, "small"), SEED)
    return next(played.actors.cells[month.cell] for month in months if month.course is Course.HELD)


@pytest.fixture(scope="module")
def secretary(played: Played, cell: Cell) -> Door:
    return Door(played, cell.secretary)


@pytest.fixture(scope="module")
def integrator(played: Played) -> Door:
    return Door(played, played.actors.tokens["integrator"])


@pytest.fixture(scope="module")
def held(secretary: Door, cell: Cell) -> str:
    """The cell's own meeting of the month."""
    meetings = secretary.get(f"/meetings/cells/{cell.unit_id}/meetings", period=PERIOD).json()
    return next(str(meeting["meeting_id"]) for meeting in meetings)


def plan(unit_id: object, **fields: Any) -> dict[str, Any]:
    sittings = [{"starts_at": f"{APART}-05T08:00:00+07:00"}]
    return {"unit_id": str(unit_id), "period": APART, "sittings": sittings, **fields}


class TestTokens:
    @pytest.fixture
    def path(self, held: str) -> str:
        return f"/meetings/meetings/{held}"

    def test_expired_forged_or_for_others_opens_nothing(
        self, played: Played, cell: Cell, path: str, tmp_path: Any
    ) -> None:
        office = {"sub": "x", "office_id": str(claims_of(cell.secretary)["office_id"])}
        head, _, signature = cell.secretary.split(".")
        tokens = {
            "expired": played.issuer.sign(office, seconds=-3600),
            "of another key": DemoIssuer(tmp_path, played.system.issuer).sign(office),
            "of another audience": played.issuer.sign(office, audience="another"),
            "altered": f"{head}.{part_of({**claims_of(cell.secretary), 'office_id': str(uuid4())})}.{signature}",
            "unsigned": f"{part_of({'alg': 'none'})}.{part_of(claims_of(cell.secretary))}.",
            "garbage": "a.b.c",
        }
        for name, token in tokens.items():
            answer = Door(played, token).get(path)
            assert (name, answer.status_code) == (name, 401)
            refused(answer, 401, "token-refused")

    def test_of_a_past_office_holder_opens_nothing(self, played: Played, integrator: Door, path: str) -> None:
        offices = integrator.get("/membership/offices", on="2025-08-01").json()
        past = next(each for each in offices if each["valid_until"] and each["valid_until"] < PERIOD)
        door = Door(played, played.issuer.for_office(past["office_id"]))
        for answer in (door.get(path), door.post("/meetings/meetings", plan(past["unit_id"]))):
            refused(answer, 403, "office-not-current")

    def test_of_another_unit_reads_and_writes_nothing(self, played: Played, cell: Cell, path: str) -> None:
        other = next(each for each in played.actors.cells.values() if each.unit_id != cell.unit_id)
        stranger = Door(played, other.secretary)
        reads = (path, f"/membership/units/{cell.unit_id}/members", f"/reporting/reports/{cell.unit_id}/{PERIOD}")
        for read in reads:
            refused(stranger.get(read), 403, "out-of-reach")
        refused(stranger.post("/meetings/meetings", plan(cell.unit_id)), 403, "out-of-reach")
        refused(stranger.post(f"{path}/minutes", {"text": "x"}), 403, "out-of-reach")

    def test_of_a_machine_or_an_operator_gives_no_names(self, played: Played, cell: Cell) -> None:
        for role in ("integrator", "operator"):
            door = Door(played, played.actors.tokens[role])
            refused(door.get(f"/membership/units/{cell.unit_id}/members"), 403, "role-not-allowed")

    def test_in_a_cookie_never_writes(self, played: Played, cell: Cell) -> None:
        answer = Door(played, "").post(
            "/meetings/meetings", plan(cell.unit_id), headers={"Cookie": f"token={cell.secretary}"}
        )
        refused(answer, 401, "token-refused")


class TestBodies:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"period": "2026-13"}, "body.period"),
            ({"period": "0000-01"}, "body.period"),
            ({"sittings": [{"starts_at": "2026-02-30T08:00:00+07:00"}]}, "body.sittings.0.starts_at"),
            ({"sittings": [{"starts_at": "0001-01-01T00:00:00+14:00"}]}, "body.sittings.0.starts_at"),
            ({"sittings": [{"starts_at": "2026-05-05T08:00:00"}]}, "body.sittings.0.starts_at"),
            ({"sittings": [{"starts_at": "2026-05-05T08:00:00+07:00", "place": "\x00"}]}, "body.sittings.0.place"),
            ({"sittings": "none"}, "body.sittings"),
            ({"colour": "red"}, "body.colour"),
        ],
    )
    def test_a_wrong_field_is_named(self, secretary: Door, cell: Cell, change: dict[str, Any], words: str) -> None:
        refused(secretary.post("/meetings/meetings", plan(cell.unit_id, **change)), 422, "invalid-request", words)

    @pytest.mark.parametrize("content", [b'{"unit_id": ', b"[" * 100_000, b'"\xff"', b"9" * 5_000, b""])
    def test_what_is_no_json_is_refused(self, secretary: Door, content: bytes) -> None:
        answer = secretary.post("/meetings/meetings", content=content)
        assert answer.status_code in {400, 422}
        assert answer.json()["detail"]

    def test_a_body_beyond_all_measure_is_refused_as_such(self, secretary: Door) -> None:
        answer = secretary.post("/meetings/meetings", content=b" " * (65 * 1024 * 1024))
        assert (answer.status_code, answer.json()["status"]) == (413, 413)
        assert "quá lớn" in answer.json()["detail"]


class TestCommands:
    def test_an_unknown_unit(self, secretary: Door) -> None:
        unknown = uuid4()
        refused(secretary.post("/meetings/meetings", plan(unknown)), 409, "unit-not-yet-learned", str(unknown))

    def test_a_second_regular_meeting_names_the_first(self, secretary: Door, cell: Cell, held: str) -> None:
        answer = secretary.post("/meetings/meetings", plan(cell.unit_id, period=PERIOD))
        refused(answer, 409, "second-regular-meeting", held)

    def test_points_over_the_maximum_and_more_ayes_than_voters(self, secretary: Door, held: str) -> None:
        score = secretary.post(f"/evaluation/scores/{held}/score", {"choices": [{"item": "3.1", "points": 99}]})
        assert score.status_code == 422
        assert "3.1" in score.json()["detail"]
        vote = secretary.post(f"/evaluation/scores/{held}/vote", {"ayes": 9, "base": 5})
        assert vote.status_code == 422
        assert "ayes" in vote.json()["detail"]

    def test_a_roll_call_takes_each_member_of_its_roster_once_and_live_only_while_open(
        self, secretary: Door, cell: Cell
    ) -> None:
        planned = secretary.post("/meetings/meetings", plan(cell.unit_id))
        meeting = planned.json()["stream"].removeprefix("meeting-")
        call = f"/attendance/roll-calls/{meeting}"
        opened = secretary.post(f"{call}/open?at_least={planned.headers['X-Log-Position']}", {})
        assert opened.status_code == 200, opened.text
        present, other, *_ = [row["member_id"] for row in secretary.get(call).json()["rows"]]
        assert secretary.post(f"{call}/check-ins", _came(present)).json()["changed"] is True
        assert secretary.post(f"{call}/check-ins", _came(present)).json()["changed"] is False
        # A batch is taken whole or not at all.
        both = secretary.post(f"{call}/check-ins", _came(other, str(uuid4())))
        refused(both, 422, "not-on-roster", "check_ins[1].member_id")
        stranger = {"reason": "x", "rows": [{"member_id": str(uuid4()), "expected": True, "votes": True}]}
        refused(secretary.post(f"{call}/amendment", stranger), 409, "member-not-yet-learned", "rows[0].member_id")
        secretary.post(f"{call}/close", {})
        refused(secretary.post(f"{call}/check-ins", _came(other)), 409, "roll-call-closed", "late-entry")
        came = [row["member_id"] for row in secretary.get(call).json()["rows"] if row["checked_in"]]
        assert came == [present]


class TestFiles:
    UNITS = "Mã tổ chức,Tên tổ chức đảng,Loại,Mã cấp trên trực tiếp,Ngày thành lập,Ngày kết thúc,Loại hình chi bộ"
    MEMBERS = (
        "Số thẻ đảng viên,Họ và tên,Ngày sinh,Mã chi bộ,Diện đảng viên,Ngày về chi bộ,Tình trạng sinh hoạt,Từ ngày,"
        "Đến ngày,Mã chi bộ sinh hoạt tạm thời"
    )

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"x\na,b\n", "Số thẻ đảng viên"),
            ("x\n".encode("utf-16"), "UTF-16"),
            (b"x\n\xfe\xff\n", "Dòng 2"),
            (b"PK\x03\x04broken", "bảng tính"),
        ],
    )
    def test_what_cannot_be_read_as_a_whole(self, integrator: Door, content: bytes, words: str) -> None:
        refused(integrator.upload("members", content), 422, "unreadable-file", words)

    def test_a_mapping_is_a_name_and_not_a_path(self, integrator: Door) -> None:
        refused(integrator.upload("../../etc/passwd", b"x"), 422, "unknown-mapping")

    @pytest.mark.parametrize(
        ("line", "row", "field"),
        [
            ("NEW-1,An,,{cell},Chính thức,31/02/2026,,,,", 3, "joined_on"),
            (",An,,{cell},Chính thức,01/07/2025,,,,", 3, "code"),
            ("NEW-1,An,,NOWHERE,Chính thức,01/07/2025,,,,", 3, "cell"),
            ("NEW-1,A\x00n,,{cell},Chính thức,01/07/2025,,,,", 3, "name"),
            (2 * "NEW-1,An,,{cell},Chính thức,01/07/2025,,,,\n", 4, "code"),
        ],
        ids=["no such day", "no code", "unknown cell", "U+0000", "a code twice"],
    )
    def test_a_row_that_is_wrong_is_named_and_nothing_is_recorded(
        self, integrator: Door, cell: Cell, line: str, row: int, field: str
    ) -> None:
        content = f"x\n{self.MEMBERS}\n{line.format(cell=cell.code)}\n".encode()
        preview = integrator.upload("members", content).json()
        assert (preview["problems"][0]["row"], preview["problems"][0]["field"]) == (row, field)
        applied = integrator.post(f"/membership/imports/{preview['import_id']}/apply", {})
        assert applied.status_code == 409
        assert f"dòng {row}" in applied.json()["detail"]

    def test_a_cycle_in_the_tree(self, integrator: Door) -> None:
        rows = "C-1,Một,Đảng bộ cơ sở,C-2,01/07/2025,,\nC-2,Hai,Đảng bộ cơ sở,C-1,01/07/2025,,"
        preview = integrator.upload("units", f"x\nx\n{self.UNITS}\n{rows}\n".encode()).json()
        assert {problem["row"] for problem in preview["problems"]} == {4, 5}
        assert integrator.post(f"/membership/imports/{preview['import_id']}/apply", {}).status_code == 409


def _came(*members: str) -> dict[str, Any]:
    return {"check_ins": [{"member_id": member} for member in members]}
