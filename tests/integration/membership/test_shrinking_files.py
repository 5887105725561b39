"""A file that takes much of a unit away is held until the province confirms it; whoever sent it cannot."""

import csv
import io
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import httpx
import pytest

from samples.province.files import MEMBERS
from tests.integration.inprocess import bearer
from tests.integration.membership.conftest import MACHINE, Sender

CELL, SIBLING, ELSEWHERE = "42.001.000.000.002", "42.001.000.000.003", "42.002.000.000.002"
SIZE, OF_COMMUNE = 13, 54


@pytest.fixture
async def imported(sender: Sender) -> Sender:
    await sender.all()
    return sender


def changed(sender: Sender, count: int = SIZE, **instead: str) -> bytes:
    """A file of the first members of CELL, with other values in some of its columns."""
    notice, headings, *rows = csv.reader(io.StringIO((sender.folder / MEMBERS).read_text(encoding="utf-8-sig")))
    at = {"cell": headings.index("Mã chi bộ"), "status": headings.index("Tình trạng sinh hoạt")}
    chosen = [row for row in rows if row[at["cell"]] == CELL][:count]
    for row in chosen:
        for field, value in instead.items():
            row[at[field]] = value
            row[at["status"] + 1 :] = [""] * 3
    out = io.StringIO()
    csv.writer(out).writerows([notice, headings, *chosen])
    return out.getvalue().encode()


def shrinking(preview: dict[str, Any]) -> list[tuple[int, int]]:
    return [(unit["leaving"], unit["of"]) for unit in preview["shrinking"]]


async def confirm(sender: Sender, import_id: str, token: str) -> httpx.Response:
    headers = {"Authorization": token, "Idempotency-Key": str(uuid4())}
    return await sender.service.client.post(f"/imports/{import_id}/confirmation", headers=headers)


async def board_of(sender: Sender) -> str:
    offices: Sequence[dict[str, Any]] = (await sender.get("/offices?on=2026-04-02")).json()
    return bearer(office_id=next(office["office_id"] for office in offices if office["role"] == "province_board"))


async def test_departures_beyond_the_limit_wait_for_the_province(imported: Sender) -> None:
    preview = await imported.preview("members", changed(imported, 7, status="Đã ra khỏi"))
    assert (preview["problems"], shrinking(preview), preview["confirmed_by"]) == ([], [(7, SIZE)], None)
    head = await imported.service.runtime.log.head()

    held = await imported.apply(preview["import_id"])
    assert (held.status_code, held.json()["type"].rsplit(":", 1)[1]) == (409, "import-held")
    assert f"giảm 7 trên {SIZE}" in held.json()["detail"]
    assert (await confirm(imported, preview["import_id"], MACHINE)).status_code == 403
    assert (await imported.apply(preview["import_id"])).status_code == 409
    assert await imported.service.runtime.log.head() == head

    board = await board_of(imported)
    confirmed = await confirm(imported, preview["import_id"], board)
    assert confirmed.json()["confirmed_by"].startswith("office:")
    assert (await imported.apply(preview["import_id"])).json()["rows"] == 7


async def test_a_few_departures_are_nobodys_concern(imported: Sender) -> None:
    preview = await imported.preview("members", changed(imported, 5, status="Đã ra khỏi"))
    assert (preview["ended"], shrinking(preview)) == (5, [])
    assert (await imported.apply(preview["import_id"])).status_code == 200


async def test_transfers_shrink_what_they_leave_and_nothing_above_both(imported: Sender) -> None:
    near = await imported.preview("members", changed(imported, cell=SIBLING))
    far = await imported.preview("members", changed(imported, cell=ELSEWHERE))
    assert (shrinking(near), shrinking(far)) == ([(SIZE, SIZE)], [(SIZE, SIZE), (SIZE, OF_COMMUNE)])


async def test_rows_left_out_leave_nobody(imported: Sender) -> None:
    preview = await imported.preview("members", changed(imported, 7, status="Đã ra khỏi"))
    assert (await imported.apply(preview["import_id"], leave_out=[3, 4])).json()["rows"] == 5


async def test_an_import_that_nobody_sent_is_not_confirmed(imported: Sender) -> None:
    assert (await confirm(imported, str(uuid4()), await board_of(imported))).status_code == 404
