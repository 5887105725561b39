"""Rows pushed as JSON meet the same preview, the same refusals and the same aliases as the rows of a file."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from samples.province import Province
from samples.province.files import IMPORTS, MEMBERS
from shared.contracts.envelope import RecordedEvent
from shared.eventstore.log import Append, LogUnavailable
from tests.integration.membership.conftest import AS_OF, MACHINE, Sender
from tests.integration.membership.test_shrinking_files import board_of, confirm

Record = dict[str, Any]


def records(sender: Sender) -> list[Record]:
    """The sample's members as objects: what is an empty cell in the file is null."""
    lines = (sender.folder / MEMBERS).read_text(encoding="utf-8-sig").splitlines(keepends=True)
    return [
        {key: value or None for key, value in row.items()} for row in csv.DictReader(io.StringIO("".join(lines[1:])))
    ]


async def push(sender: Sender, rows: Sequence[Record], key: str = "", **other: Any) -> httpx.Response:
    body = {"mapping": "members", "as_of": AS_OF, "rows": rows, **other}
    return await sender.service.post("/imports/rows", body, Authorization=MACHINE, Idempotency_Key=key or str(uuid4()))


async def pushed(sender: Sender, rows: Sequence[Record], key: str = "") -> dict[str, Any]:
    answer = await push(sender, rows, key)
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


async def admitted(sender: Sender) -> int:
    query = "SELECT count(*) FROM events WHERE type = 'MemberAdmitted'"
    return int(await sender.service.runtime.pool.fetchval(query))


@pytest.fixture
async def with_units(sender: Sender) -> Sender:
    for mapping, name in IMPORTS[:2]:
        await sender.applied(mapping, (sender.folder / name).read_bytes())
    return sender


async def test_pushed_members_are_those_of_the_file(with_units: Sender, province: Province) -> None:
    done = await pushed(with_units, records(with_units))
    assert (done["state"], done["new"], done["problems"]) == ("applied", len(province.members), [])
    file = await with_units.preview("members", (with_units.folder / MEMBERS).read_bytes())
    assert (file["new"], file["changed"], file["unchanged"]) == (0, 0, len(province.members))


async def test_a_repeated_push_is_one_push_and_its_key_serves_no_other(with_units: Sender) -> None:
    rows = records(with_units)
    first = await push(with_units, rows[:3], "one")
    assert first.headers["X-Log-Position"].startswith("membership:")
    head = await with_units.service.runtime.log.head()
    assert await pushed(with_units, rows[:3], "one") == first.json()
    other = await push(with_units, rows[:4], "one")
    assert (other.status_code, other.json()["type"].rsplit(":", 1)[1]) == (422, "idempotency-key-reused")
    assert await with_units.service.runtime.log.head() == head
    assert (await pushed(with_units, rows[:3], "two"))["unchanged"] == 3


async def test_rows_with_problems_are_set_aside_and_named_while_the_others_are_recorded(with_units: Sender) -> None:
    first, second, third, *_ = records(with_units)
    rows = [first, {**second, "Mã chi bộ": "42.999.000.000.001"}, {**third, "Ngày về chi bộ": "31/02/2026"}]
    done = await pushed(with_units, rows)
    assert (done["state"], done["new"], done["left_out"]) == ("applied", 1, [2, 3])
    assert [(problem["row"], problem["field"]) for problem in done["problems"]] == [(2, "cell"), (3, "joined_on")]
    assert await admitted(with_units) == 1
    assert (await pushed(with_units, [second, third]))["new"] == 2


async def test_a_key_that_is_not_sent_is_no_answer_where_null_is_one(with_units: Sender) -> None:
    first, second, *_ = records(with_units)
    silent = {key: value for key, value in second.items() if key != "Tình trạng sinh hoạt"}
    answer = await push(with_units, [first, silent])
    assert (answer.status_code, answer.json()["type"].rsplit(":", 1)[1]) == (422, "unreadable-file")
    assert "Dòng 2: thiếu 'Tình trạng sinh hoạt' (trường status)" in answer.json()["detail"]
    assert await admitted(with_units) == 0


async def test_a_push_that_shrinks_a_cell_is_held_until_it_is_confirmed_and_repeated(sender: Sender) -> None:
    await sender.all()
    cell = [row for row in records(sender) if row["Mã chi bộ"] == "42.001.000.000.002"]
    gone = [{**row, "Tình trạng sinh hoạt": "Đã ra khỏi", "Từ ngày": None, "Đến ngày": None} for row in cell[:7]]
    held = await pushed(sender, gone, "gone")
    assert (held["state"], held["shrinking"][0]["leaving"]) == ("previewed", 7)
    board = await board_of(sender)
    await confirm(sender, held["import_id"], board)

    # One of them is gone meanwhile: what was confirmed is no longer what would happen.
    assert (await pushed(sender, gone[:1]))["state"] == "applied"
    again = await pushed(sender, gone, "gone")
    assert (again["state"], again["ended"], again["confirmed_by"]) == ("previewed", 6, None)
    await confirm(sender, held["import_id"], board)
    assert (await pushed(sender, gone, "gone"))["state"] == "applied"


@contextmanager
def halfway(sender: Sender, rows: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The database goes away once half of the rows are recorded."""
    log = sender.service.runtime.log
    append = log.append
    written: list[Append] = []

    async def fails_halfway(wanted: Append) -> Sequence[RecordedEvent]:
        if len(written) >= rows // 2:
            raise LogUnavailable("the database went away")
        written.append(wanted)
        return await append(wanted)

    with monkeypatch.context() as broken:
        broken.setattr(log, "append", fails_halfway)
        yield


async def test_a_push_that_was_cut_short_is_finished_by_repeating_it(
    with_units: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = records(with_units)
    with halfway(with_units, len(rows), monkeypatch):
        assert (await push(with_units, rows, "cut")).status_code == 503
    assert 0 < await admitted(with_units) < len(rows)
    assert (await pushed(with_units, rows, "cut"))["state"] == "applied"
    assert await admitted(with_units) == len(rows)


async def test_a_push_that_was_cut_short_is_finished_though_a_member_was_erased_meanwhile(
    with_units: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = records(with_units)
    with halfway(with_units, len(rows), monkeypatch):
        assert (await push(with_units, rows, "cut")).status_code == 503
    await erase_first(with_units)
    assert (await pushed(with_units, rows, "cut"))["state"] == "applied"
    assert await admitted(with_units) == len(rows)
    # Whoever is sent again in another push is somebody new.
    again = await pushed(with_units, rows)
    assert (again["new"], again["unchanged"]) == (1, len(rows) - 1)


async def erase_first(sender: Sender) -> None:
    """The member who was admitted first. What the service keeps of sent rows is forgotten with it."""
    pool = sender.service.runtime.pool
    query = "SELECT data::json ->> 'member_id' FROM events WHERE type = 'MemberAdmitted' ORDER BY position LIMIT 1"
    member_id = await pool.fetchval(query)
    await sender.service.deliver()
    erased = await sender.service.post(f"/members/{member_id}/erasure", None, Authorization=MACHINE)
    assert erased.status_code == 200, erased.text
    assert await pool.fetchval("SELECT count(*) FROM import_file WHERE content IS NOT NULL") == 0
