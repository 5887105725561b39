"""A problem for people: what a browser shows where a program gets RFC 9457 JSON."""

from ipaddress import ip_address
from types import MappingProxyType
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse

from shared.web.language import Words, choose
from shared.web.pages import FRAME, Pages

# The demo issuer listens on loopback only; behind the front door it is there. Any other provider has its own way in.
DEMO_SIGN_IN = "/issuer/sign-in"
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
    """The page with the problem's own words; for 401 with a way to sign in to the demo."""
    t = choose(WORDS, request.query_params.get("lang"), request.headers.get("Accept-Language"))
    sign_in = DEMO_SIGN_IN if status == 401 and _is_demo(request) else None
    page = PAGES.page(
        request, "problem.html", t, title=title, detail=detail, sign_in=sign_in, correlation_id=correlation_id
    )
    page.status_code = status
    return page


def _is_demo(request: Request) -> bool:
    host = urlsplit(request.app.state.runtime.settings.oidc_issuer).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
