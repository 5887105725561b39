"""Files through HTTP: preview, apply, the same file twice, bad files, cut short and finished; no name in the log."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from samples.province import Province
from samples.province.files import IMPORTS, MEMBERS, UNITS, write_files
from services.membership.imports import apply
from shared.contracts.envelope import RecordedEvent
from shared.eventstore.log import Append, LogUnavailable
from tests.integration.inprocess import bearer
from tests.integration.membership.conftest import MACHINE, Sender


def member_lines(sender: Sender) -> list[str]:
    return (sender.folder / MEMBERS).read_text(encoding="utf-8-sig").splitlines()


def units_file(province: Province, folder: Path) -> bytes:
    folder.mkdir()
    write_files(province, folder)
    return (folder / UNITS).read_bytes()


def as_file(lines: list[str]) -> bytes:
    return "\r\n".join(lines).encode("utf-8-sig")


async def test_a_province_is_imported_and_the_same_files_again_change_nothing(
    sender: Sender, province: Province
) -> None:
    counts = []
    for mapping, name in IMPORTS:
        counts.append((await sender.applied(mapping, (sender.folder / name).read_bytes()))["new"])
    sizes = (province.units, province.members, province.offices, province.assignments)
    assert counts == [7, *(len(rows) for rows in sizes)]
    head = await sender.service.runtime.log.head()
    for mapping, name in IMPORTS:
        again = await sender.applied(mapping, (sender.folder / name).read_bytes(), as_of="2026-03-15")
        assert (again["new"], again["changed"], again["ended"], again["problems"]) == (0, 0, 0, [])
    assert await sender.service.runtime.log.head() == head


async def test_a_preview_records_nothing(sender: Sender) -> None:
    preview = await sender.preview("unit-kinds", (sender.folder / UNITS).read_bytes())
    assert (preview["state"], preview["new"]) == ("previewed", 7)
    assert await sender.service.runtime.log.head() == 0
    shown = await sender.get(f"/imports/{preview['import_id']}")
    assert shown.json() == preview


async def test_no_event_names_a_person_or_a_card(sender: Sender, province: Province) -> None:
    await sender.all()
    rows = await sender.service.runtime.pool.fetch("SELECT data::text || metadata::text AS said FROM events")
    said = "\n".join(row["said"] for row in rows)
    assert not [member for member in province.members if member.name in said or member.code in said]


async def test_a_missing_row_is_no_departure_and_a_difference_is_shown_with_its_field(sender: Sender) -> None:
    await sender.all()
    notice, headings, first, *_ = member_lines(sender)
    changed = first.replace("Đang sinh hoạt,,", "Đình chỉ sinh hoạt,05/03/2026,")
    preview = await sender.applied("members", as_file([notice, headings, changed]))
    assert (preview["new"], preview["changed"], preview["ended"]) == (0, 1, 0)
    assert preview["changes"] == [{"row": 3, "outcome": "changed", "fields": ["status"]}]


async def test_rows_with_problems_are_named_and_block_the_file_until_they_are_left_out(sender: Sender) -> None:
    await sender.applied("unit-kinds", (sender.folder / UNITS).read_bytes())
    await sender.applied("units", (sender.folder / UNITS).read_bytes())
    head = await sender.service.runtime.log.head()
    notice, headings, first, second, third, *_ = member_lines(sender)
    cell = first.split(",")[3]
    lines = [
        notice,
        headings,
        first,
        second.replace(cell, "42.999.000.000.001"),
        third.replace("01/07/2025", "31/02/2026"),
    ]
    preview = await sender.preview("members", as_file(lines))
    assert [(problem["row"], problem["field"]) for problem in preview["problems"]] == [(4, "cell"), (5, "joined_on")]
    assert preview["unknown_parents"] == [{"row": 4, "code": "42.999.000.000.001"}]

    refused = await sender.apply(preview["import_id"])
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("import-has-problems")
    assert "dòng 4, cell" in refused.json()["detail"]
    assert await sender.service.runtime.log.head() == head

    done = await sender.apply(preview["import_id"], leave_out=[4, 5])
    assert done.json()["rows"] == 1
    assert done.headers["X-Log-Position"] == f"membership:{done.json()['position']}"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("Họ và tên".encode("cp1258", "ignore"), "Windows-1258"),
        (b"a,b\n1,2\n", "thiếu cột 'Số thẻ đảng viên'"),
        (b"", "không có dòng tiêu đề"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_as_a_whole(sender: Sender, content: bytes, text: str) -> None:
    answer = await sender.send("members", content)
    assert (answer.status_code, answer.json()["type"].rsplit(":", 1)[1]) == (422, "unreadable-file")
    assert text in answer.json()["detail"]


async def test_an_unknown_mapping_and_an_unknown_import_are_refused(sender: Sender) -> None:
    assert (await sender.send("../secret", b"")).json()["type"].endswith("unknown-mapping")
    assert (await sender.apply(str(uuid4()))).status_code == 404


async def test_a_preview_that_is_out_of_date_is_not_applied(sender: Sender) -> None:
    content = (sender.folder / UNITS).read_bytes()
    first = await sender.preview("unit-kinds", content)
    await sender.applied("unit-kinds", content)
    late = await sender.apply(first["import_id"])
    assert (late.status_code, late.json()["type"].rsplit(":", 1)[1]) == (409, "import-outdated")


async def cut_short(sender: Sender, import_id: str, appends: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Applies, and the database goes away after so many appends."""
    log = sender.service.runtime.log
    append, written = log.append, list[Append]()

    async def goes_away(wanted: Append) -> Sequence[RecordedEvent]:
        if len(written) == appends:
            raise LogUnavailable("the database went away")
        written.append(wanted)
        return await append(wanted)

    with monkeypatch.context() as broken:
        broken.setattr(log, "append", goes_away)
        assert (await sender.apply(import_id)).status_code == 503


async def test_an_apply_that_was_cut_short_is_finished_by_repeating_it(
    sender: Sender, province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    for mapping, name in IMPORTS[:2]:
        await sender.applied(mapping, (sender.folder / name).read_bytes())
    preview = await sender.preview("members", (sender.folder / MEMBERS).read_bytes())
    await cut_short(sender, preview["import_id"], len(province.members) // 2, monkeypatch)
    recorded = await sender.service.runtime.pool.fetchval("SELECT count(*) FROM events WHERE type = 'MemberAdmitted'")
    assert 0 < recorded < len(province.members)

    assert (await sender.apply(preview["import_id"])).status_code == 200
    assert (await sender.apply(preview["import_id"])).json()["rows"] == 0
    admitted = await sender.service.runtime.pool.fetchval("SELECT count(*) FROM events WHERE type = 'MemberAdmitted'")
    assert admitted == len(province.members)
    again = await sender.preview("members", (sender.folder / MEMBERS).read_bytes())
    assert (again["new"], again["changed"], again["unchanged"]) == (0, 0, len(province.members))


async def test_a_batch_is_recorded_though_its_first_row_was_in_another_one_before_the_apply_was_cut_short(
    sender: Sender, province: Province, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "TOGETHER", 2)
    for mapping, name in IMPORTS[:2]:
        await sender.applied(mapping, (sender.folder / name).read_bytes())
    names = [replace(unit, name=f"{unit.name} mới") for unit in province.units]
    renamed = units_file(replace(province, units=names), tmp_path / "all")
    preview = await sender.preview("units", renamed)
    await cut_short(sender, preview["import_id"], 1, monkeypatch)
    first = replace(province, units=[replace(province.units[0], name="Tên khác"), *names[1:2], *province.units[2:]])
    assert (await sender.applied("units", units_file(first, tmp_path / "first")))["changed"] == 1

    assert (await sender.apply(preview["import_id"])).status_code == 200
    again = await sender.preview("units", renamed)
    assert (again["changed"], again["unchanged"]) == (0, len(names))


async def test_an_applied_file_is_not_kept(sender: Sender) -> None:
    await sender.applied("unit-kinds", (sender.folder / UNITS).read_bytes())
    assert await sender.service.runtime.pool.fetchval("SELECT count(*) FROM import_file WHERE content IS NOT NULL") == 0


async def test_a_files_name_is_not_kept_though_version_0_1_0_writes_it(sender: Sender) -> None:
    await sender.applied("unit-kinds", (sender.folder / UNITS).read_bytes())
    pool = sender.service.runtime.pool
    await pool.execute("UPDATE import_file SET file_name = 'Nguyễn Văn A.xlsx'")
    assert await pool.fetchval("SELECT array_agg(DISTINCT file_name) FROM import_file") == [""]


async def test_what_a_preview_quotes_goes_with_an_erased_member(sender: Sender) -> None:
    await sender.all()
    notice, headings, first, *_ = member_lines(sender)
    code, name = first.split(",")[:2]
    preview = await sender.preview("members", as_file([notice, headings, first.replace(code, f"{name}\x00")]))
    assert name in str(preview["problems"])
    [cell, *_] = [unit for unit in (await sender.get("/units")).json() if unit["is_cell"]]
    offices = (await sender.get(f"/offices?under={cell['unit_id']}")).json()
    erased = await sender.service.post(f"/members/{offices[0]['member_id']}/erasure", None, Authorization=MACHINE)
    assert erased.status_code == 200, erased.text
    assert (await sender.get(f"/imports/{preview['import_id']}")).json()["problems"] == []


@pytest.mark.parametrize("row", [0, -1, 2**31])
async def test_a_row_that_no_file_has_cannot_be_left_out(sender: Sender, row: int) -> None:
    content = (sender.folder / dict(IMPORTS)["unit-kinds"]).read_bytes()
    preview = await sender.preview("unit-kinds", content)
    answer = await sender.apply(preview["import_id"], [row])
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.leave_out.0")


async def test_only_a_machine_or_the_province_sends_files(sender: Sender) -> None:
    await sender.all()
    offices = {office["role"]: office["office_id"] for office in (await sender.get("/offices?on=2026-04-02")).json()}
    content = (sender.folder / UNITS).read_bytes()
    for role, status in {"province_board": 200, "commune_office": 403}.items():
        answer = await sender.send("units", content, token=bearer(office_id=offices[role]))
        assert answer.status_code == status, answer.text
