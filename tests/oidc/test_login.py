"""People log in at Keycloak and are who their account says; whoever is not let in there is not let in here."""

from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from playwright.sync_api import Page, Response, Route, expect

from tests.oidc.conftest import Province, cookie, forget_token, log_in, month

pytestmark = [pytest.mark.oidc, pytest.mark.timeout(1200)]


def test_who_asks_for_a_page_logs_in_and_sees_it_and_no_other_cells(visitor: Page, province: Province) -> None:
    own, others = province.cells
    visitor.goto(month(own) + "?lang=en")
    assert urlsplit(visitor.url).netloc == urlsplit(province.keycloak.address).netloc
    log_in(visitor, province.secretary(own))
    expect(visitor.get_by_role("heading", level=1)).to_contain_text(own.name)
    assert visitor.url == province.door + month(own) + "?lang=en"
    answer = visitor.goto(month(others))
    assert answer is not None
    assert answer.status == 403
    expect(visitor.get_by_text("không thuộc phạm vi được giao")).to_be_visible()


def test_an_operator_logs_in_once_for_all_services(visitor: Page, province: Province) -> None:
    visitor.goto("/operations/")
    log_in(visitor, province.account("truc-ban", client_id="van-hanh"))
    expect(visitor.get_by_role("link", name="Theo dõi trực tiếp")).to_be_visible()
    visitor.goto("/")
    expect(visitor.get_by_role("button", name="Đăng xuất")).to_be_visible()


def test_a_live_view_whose_login_has_ended_logs_in_by_itself(visitor: Page, province: Province) -> None:
    """Its page would go on showing what it had, and nothing new."""
    visitor.goto("/operations/live")
    log_in(visitor, province.account("truc-dem", client_id="van-hanh"))
    expect(visitor.get_by_role("status")).to_contain_text("Đang theo dõi")
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        match len(asked):
            case 1:
                route.fulfill(body="retry: 1\n\n", content_type="text/event-stream")  # and ends, as each does in time
            case 2:
                forget_token(visitor)
                route.fulfill(status=401)
            case _:
                route.continue_()

    visitor.route("**/live/events*", answer)
    with visitor.expect_request("**/reporting/login?*"):
        visitor.goto("/operations/live?type=RollCallOpened")
    expect(visitor.get_by_role("status")).to_contain_text("Đang theo dõi")
    assert visitor.url.endswith("/operations/live?type=RollCallOpened")


def test_an_account_that_names_nobody_is_told_so_and_can_leave(visitor: Page, province: Province) -> None:
    visitor.goto("/reporting/")
    log_in(visitor, province.account("khong-chuc-vu"))
    expect(visitor.get_by_text("phải nêu đúng một trong office_id")).to_be_visible()
    visitor.get_by_role("button", name="Đăng xuất").click()
    expect(visitor.locator("#username")).to_be_visible()


def test_an_answer_from_keycloak_is_taken_once_and_where_it_was_asked_for(visitor: Page, province: Province) -> None:
    answers: list[Response] = []
    visitor.on("response", lambda answer: answers.append(answer) if "/login/done" in answer.url else None)
    visitor.goto(month(province.cells[0]))
    begun = visitor.context.cookies(f"{province.door}/reporting/login")
    log_in(visitor, province.secretary(province.cells[0]))
    expect(visitor.get_by_role("heading", level=1)).to_contain_text(province.cells[0].name)
    [done] = answers
    used = {kept.get("name", ""): kept.get("value", "") for kept in begun}
    state = dict(parse_qsl(urlsplit(done.url).query))["state"]
    assert f"login-{state}" in used
    assert httpx.get(done.url, timeout=60).status_code == 403  # another browser
    assert httpx.get(done.url, cookies=used, timeout=60).status_code == 403  # the code again, with all that it needs
    assert httpx.get(done.url.replace(state, "other"), cookies=used, timeout=60).status_code == 403


def test_a_page_of_another_site_is_no_goal_of_a_login(visitor: Page) -> None:
    answer = visitor.goto("/reporting/login?next=//evil.example/")
    assert answer is not None
    assert answer.status == 422


def test_logging_out_ends_the_session_here_and_at_keycloak(secretary: Page, province: Province) -> None:
    secretary.get_by_role("button", name="Đăng xuất").click()
    expect(secretary.locator("#username")).to_be_visible()
    assert cookie(secretary, "token") is None
    secretary.goto(month(province.cells[0]))
    expect(secretary.locator("#username")).to_be_visible()


@pytest.mark.parametrize(("path", "status"), [("/reporting/logout", 403), ("/operations/parked/redrive", 401)])
def test_another_site_neither_logs_out_nor_commands(
    secretary: Page, province: Province, path: str, status: int
) -> None:
    form = f'<form method="post" action="{province.door}{path}"><button>x</button></form>'
    secretary.route("http://elsewhere.example/", lambda route: route.fulfill(body=form, content_type="text/html"))
    secretary.goto("http://elsewhere.example/")
    with secretary.expect_response(province.door + path) as answered:
        secretary.get_by_role("button").click()
    assert answered.value.status == status
    secretary.goto(month(province.cells[0]))
    expect(secretary.get_by_role("heading", level=1)).to_contain_text(province.cells[0].name)
