"""A problem for people: what a browser shows where a program gets RFC 9457 JSON."""

from types import MappingProxyType

from fastapi import Request
from fastapi.responses import HTMLResponse

from shared.web.entry import sign_in
from shared.web.language import Words, choose
from shared.web.pages import FRAME, Pages

PAGES = Pages(FRAME)
WORDS: Words = MappingProxyType({
    "title": ("Sinh hoạt chi bộ", "Party cell meetings"),
    "other_language": ("English", "Tiếng Việt"),
    "sign_in": ("Đăng nhập", "Sign in"),
    "correlation_id": ("Mã yêu cầu", "Request"),
})  # fmt: skip


def wants_page(request: Request) -> bool:
    """Whether a browser asks: programs do not name HTML among what they accept."""
    return request.method in {"GET", "POST"} and "text/html" in request.headers.get("Accept", "")


def problem_page(request: Request, *, status: int, title: str, detail: str, correlation_id: str | None) -> HTMLResponse:
    """The page with the problem's own words; for 401 with a way to sign in."""
    t = choose(WORDS, request.query_params.get("lang"), request.headers.get("Accept-Language"))
    way_in = sign_in(request) if status == 401 else None
    page = PAGES.page(
        request, "problem.html", t, title=title, detail=detail, sign_in=way_in, correlation_id=correlation_id
    )
    page.status_code = status
    return page
