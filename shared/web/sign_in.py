"""Signing in to the demo with a browser, and out: a token is pasted once into a cookie that no script can read.

The cookie commands in forms of our own pages alone (`same_origin.py`): another site's form does nothing with it.
"""

import re
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from shared.web.language import Texts, Words, texts_of
from shared.web.pages import FRAME, TOKEN_COOKIE, Pages

AFTER_SIGNING_IN = "/"
AFTER_SIGNING_OUT = "sign-in"
PAGES = Pages(FRAME)
WORDS: Words = MappingProxyType({
    "title": ("Đăng nhập bản trình diễn", "Sign in to the demo"),
    "other_language": ("English", "Tiếng Việt"),
    "token": ("Mã truy cập", "Access token"),
    "where": (
        "Mã truy cập của từng vai trò nằm trong tệp .run/stack.json của bản trình diễn.",
        "The access token of each role is in the demo's file .run/stack.json.",
    ),
    "sign_in": ("Đăng nhập", "Sign in"),
    "no_token": (
        "Đó không phải mã truy cập: hãy sao chép trọn phần giữa hai dấu ngoặc kép, bắt đầu bằng eyJ.",
        "That is no access token: copy all that stands between the two quotes, beginning with eyJ.",
    ),
})  # fmt: skip

TOKEN = re.compile(r"[A-Za-z0-9_.-]+")

Said = Annotated[Texts, Depends(texts_of(WORDS))]

router = APIRouter()


@router.get("/sign-in", response_class=HTMLResponse)
async def form(request: Request, t: Said) -> HTMLResponse:
    """Where a token can be pasted."""
    return PAGES.page(request, "sign_in.html", t, problem=None)


@router.post("/sign-in")
async def sign_in(request: Request, t: Said, token: Annotated[str, Form(max_length=4096)] = "") -> Response:
    """Keeps the token for this browser; whether it is good is found out where it is used."""
    bare = token.strip(' \t\r\n",')  # as it stands in the file
    if not TOKEN.fullmatch(bare):
        again = PAGES.page(request, "sign_in.html", t, problem=t["no_token"])
        again.status_code = 422
        return again
    answer = RedirectResponse(AFTER_SIGNING_IN, status_code=303)
    answer.set_cookie(TOKEN_COOKIE, bare, path="/", httponly=True, samesite="lax")
    return answer


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    """Forgets the token in this browser. Without the cookie nothing is done: another site's form does not carry it."""
    answer = RedirectResponse(AFTER_SIGNING_OUT, status_code=303)
    if TOKEN_COOKIE in request.cookies:
        answer.delete_cookie(TOKEN_COOKIE, path="/", httponly=True, samesite="lax")
    return answer
