"""The operator's pages as a person uses them: let a key go, follow a meeting, watch, and be safe from other sites."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from samples.demo.job import SEED
from samples.month import plan_month
from samples.province.make import make_province
from shared.local_time import VIETNAM
from tests.e2e.asking import Door
from tests.e2e.conftest import Played
from tests.fixtures.waiting import until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PARKED, WATCHED = "2026-07", "2026-08"
Take = Callable[..., None]


@pytest.fixture
def secretary(played: Played) -> Door:
    return Door(played, next(iter(played.actors.cells.values())).secretary)


def schedule(played: Played, secretary: Door, period: str) -> str:
    """A meeting of the first cell; its id."""
    cell = next(iter(played.actors.cells.values()))
    body = {"unit_id": str(cell.unit_id), "period": period, "sittings": [{"starts_at": f"{period}-05T08:00:00+07:00"}]}
    answer = secretary.post("/meetings/meetings", body)
    assert answer.status_code == 200, answer.text
    stream: str = answer.json()["stream"]
    return stream.removeprefix("meeting-")


@pytest.fixture
def broken(execute: Callable[[str], None]) -> Iterator[Callable[[], None]]:
    """Reporting cannot keep facts of one month; the returned function mends it."""
    mended = "ALTER TABLE meeting_fact DROP CONSTRAINT IF EXISTS broken"
    execute(f"ALTER TABLE meeting_fact ADD CONSTRAINT broken CHECK (period <> '{PARKED}') NOT VALID")
    yield lambda: execute(mended)
    execute(mended)


def held(played: Played) -> list[str]:
    operator = Door(played, played.actors.tokens["operator"])
    return [key["reason"] for key in operator.get("/operations/status").json()["held"]]


def test_a_parked_key_is_rehearsed_and_let_go_in_a_click(
    page: Page, played: Played, secretary: Door, broken: Callable[[], None], picture: Take
) -> None:
    schedule(played, secretary, PARKED)
    until(lambda: bool(held(played)), "the key is parked", seconds=60)
    page.goto("/operations/")
    expect(page.get_by_text("Có dịch vụ cần xem lại.")).to_be_visible()
    picture("operations-parked", "section:has(#held)")
    page.get_by_role("button", name="Chạy thử").click()
    expect(page.get_by_role("status")).to_contain_text("Sau đó khóa lại bị giữ: CheckViolationError")
    broken()
    page.get_by_role("link", name="Về trang vận hành").click()
    page.get_by_role("button", name="Chạy thử").click()
    expect(page.get_by_role("status")).to_contain_text("Chưa có gì thay đổi")
    assert held(played)
    picture("operations-dry-run")
    page.get_by_role("button", name="Cho chạy lại").click()
    expect(page.get_by_role("status")).to_have_text("Số sự kiện đã áp dụng: 1. Khóa không còn bị giữ.")
    assert held(played) == []


def test_a_meeting_is_followed_from_its_id_through_all_services(page: Page, played: Played, picture: Take) -> None:
    month = next(month for month in plan_month(make_province(SEED, "small"), SEED) if month.held)
    cell = played.actors.cells[month.cell]
    board = Door(played, played.actors.board)
    meeting = board.get(f"/reporting/reports/{cell.unit_id}/2026-03/meetings").json()["items"][0]["meeting_id"]
    page.get_by_role("link", name="Dòng thời gian").click()
    page.get_by_label("Mã kỳ sinh hoạt").fill(meeting)
    page.get_by_role("button", name="Xem").click()
    for service in ("meetings", "attendance", "evaluation"):
        expect(page.get_by_role("link", name=f"{service} ").first).to_be_visible()
    assert page.get_by_text("đã vào số liệu").count() > 5
    assert page.get_by_text("chuyển lên Kafka không rõ giờ").count() == 0
    picture("operations-timeline")
    page.get_by_role("link", name="meetings ").first.click()
    expect(page.locator("body")).to_contain_text('"log_id":"meetings"')


def test_new_events_appear_by_themselves_as_far_as_they_are_wanted(
    page: Page, played: Played, secretary: Door, picture: Take
) -> None:
    cell = next(iter(played.actors.cells.values()))
    page.get_by_role("link", name="Theo dõi trực tiếp").click()
    page.get_by_label("Mã tổ chức").fill(str(cell.unit_id))
    page.get_by_label("Vai trò").select_option("Bí thư, phó bí thư chi bộ")
    page.get_by_role("button", name="Lọc").click()
    expect(page.get_by_role("status")).to_contain_text("Đang theo dõi")
    meeting = schedule(played, secretary, WATCHED)
    new = page.locator("tr", has=page.locator(f'a[href*="{meeting}"]'))
    expect(new).to_have_count(1)
    expect(new).to_contain_text("MeetingScheduled")
    # In Vietnamese time, wherever the browser is.
    expect(new).to_contain_text(f"{datetime.now(VIETNAM):%d/%m/%Y}")
    minutes = [datetime.now(VIETNAM) - timedelta(minutes=ago) for ago in (0, 1)]
    assert any(f"{minute:%H:%M}:" in new.inner_text() for minute in minutes)
    picture("operations-live")
    other = page.context.new_page()
    other.goto("/operations/live?role=province_board")
    expect(other.get_by_role("status")).to_contain_text("Đang theo dõi")
    expect(other.locator("tr", has=other.locator(f'a[href*="{meeting}"]'))).to_have_count(0)


def test_a_page_of_another_port_cannot_command_with_the_cookie(page: Page, played: Played) -> None:
    """To a cookie it is the same site: only what the browser says of the form's origin tells them apart."""
    elsewhere = "http://127.0.0.1:9"
    fields = "".join(f'<input name="{name}" value="x">' for name in ("service", "consumer", "log_id", "key"))
    action = f"{played.system.front_door}/operations/parked/redrive"
    form = f'<form method="post" action="{action}">{fields}<button>x</button></form>'
    page.route(f"{elsewhere}/**", lambda route: route.fulfill(body=form, content_type="text/html"))
    page.goto(f"{elsewhere}/evil")
    with page.expect_response(action) as answered:
        page.get_by_role("button").click()
    assert "token=" in answered.value.request.all_headers()["cookie"]
    assert answered.value.status == 401
    page.goto("/operations/")
