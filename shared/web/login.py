"""Login in the browser at the identity provider (authorization code with PKCE, by Authlib), and logout at both ends.

The access token goes into the cookie that every service reads (`pages.TOKEN_COOKIE`). There is no refresh token: a page
that meets an expired one sends the browser here again (`entry.py`), and the provider, who still knows it, back at once.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypedDict

import httpx2
import structlog
from authlib.integrations.starlette_client import OAuth, OAuthError
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from itsdangerous import BadData, URLSafeTimedSerializer
from joserfc.errors import JoseError
from pydantic import SecretStr

from shared.web.access import open_to_all
from shared.web.entry import JUST_LOGGED_IN, LOGIN, LOGOUT, LONGEST_PATH, OWN_PATH
from shared.web.language import Texts, Words, texts_of
from shared.web.pages import FRAME, TOKEN_COOKIE, Pages
from shared.web.problems import Refused
from shared.web.same_origin import is_same_origin

ID_TOKEN_COOKIE = "id_token"  # noqa: S105 - its name
TIMEOUT_SECONDS = 10
BEGUN_SECONDS = 600  # to type a password, and to find the telephone with the second factor
JUST_NOW_SECONDS = 15
PAGES = Pages(FRAME)
WORDS: Words = MappingProxyType({
    "title": ("Đăng xuất", "Sign out"),
    "other_language": ("English", "Tiếng Việt"),
    "here": ("Đã đăng xuất khỏi hệ thống này.", "You are signed out of this system."),
    "there": ("Tiếp tục đăng xuất ở nơi cấp tài khoản", "Go on to sign out where your account is"),
    "there_still": (
        "Nơi cấp tài khoản chưa trả lời nên phiên đăng nhập ở đó vẫn còn: hãy đóng trình duyệt.",
        "Where your account is did not answer, and still knows you: close the browser.",
    ),
})  # fmt: skip

Said = Annotated[Texts, Depends(texts_of(WORDS))]
Next = Annotated[str, Query(alias="next", pattern=OWN_PATH, max_length=LONGEST_PATH)]

log = structlog.get_logger(__name__)


class Guarded(TypedDict):
    """What every cookie of a login has: closed to scripts, to other sites' forms, and to connections in clear."""

    httponly: bool
    samesite: Literal["lax"]
    secure: bool


class LoginFailed(Refused):
    """This is not the end of a login that this browser began, or the provider did not let the person in."""

    problem = "login-failed"
    status = 403


class ProviderAway(Refused):
    """The identity provider does not answer."""

    problem = "provider-away"
    status = 503
    retry_after = 5


class NotFromHere(Refused):
    """A page of another site would log somebody out."""

    problem = "not-from-here"
    status = 403


class Login:
    """The routes of a confidential client of `issuer`, whose browsers come back to `front_door`.

    The client's secret also signs the cookies of logins that have begun. `transport`: of Authlib's requests, for tests.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        secret: SecretStr,
        front_door: str,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._issuer = issuer
        self._front_door = front_door
        self._signer = URLSafeTimedSerializer(secret.get_secret_value(), salt="login")
        self._client = OAuth().register(
            "provider",
            client_id=client_id,
            client_secret=secret.get_secret_value(),
            server_metadata_url=f"{issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid",
                "code_challenge_method": "S256",
                "timeout": TIMEOUT_SECONDS,
                "transport": transport,
            },
        )

    @property
    def router(self) -> APIRouter:
        router = APIRouter(dependencies=[open_to_all], include_in_schema=False)
        router.get("/login")(self.begin)
        router.get("/login/done")(self.end)
        router.post("/logout", response_class=HTMLResponse)(self.log_out)
        return router

    async def begin(self, request: Request, asked_for: Next = "/") -> Response:
        """To the provider. What its answer must fit stands in a cookie of this login: several tabs may be at it."""
        state = secrets.token_urlsafe()
        request.scope["session"] = {"next": asked_for}
        with _asking():
            answer: Response = await self._client.authorize_redirect(request, self._done, state=state)
        self._keep(answer, _begun(state), self._signer.dumps(request.session), path=LOGIN, seconds=BEGUN_SECONDS)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    async def end(self, request: Request, state: str = "") -> Response:
        """Back from the provider: the code becomes a token, and the browser goes to the page that it came from."""
        request.scope["session"] = self._session(request, state)
        with _asking():
            got = await self._client.authorize_access_token(request, claims_options=self._claims)
        if "userinfo" not in got:  # without an ID token Authlib has not compared the nonce
            raise _failed("no_id_token")
        answer = RedirectResponse(self._front_door + request.session["next"], status_code=303)
        self._keep(answer, TOKEN_COOKIE, got["access_token"])
        self._keep(answer, ID_TOKEN_COOKIE, got["id_token"], path=LOGOUT)
        self._keep(answer, JUST_LOGGED_IN, "1", seconds=JUST_NOW_SECONDS)
        self._forget(answer, _begun(state), path=LOGIN)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    async def log_out(self, request: Request, t: Said) -> Response:
        """Forgets the tokens, and leads on to where the provider forgets the person.

        Not by a redirect: browsers hold what a form leads to against the page's policy, which is to stay here.
        """
        if not is_same_origin(request):
            raise NotFromHere("Chỉ đăng xuất được từ một trang của hệ thống này.")
        there = await self._end_of_session(request.cookies.get(ID_TOKEN_COOKIE))
        answer = PAGES.page(request, "signed_out.html", t, there=there)
        if there:
            answer.headers["Refresh"] = f"0; url={there}"
        self._forget(answer, TOKEN_COOKIE)
        self._forget(answer, ID_TOKEN_COOKIE, path=LOGOUT)
        self._forget(answer, JUST_LOGGED_IN)
        return answer

    @property
    def _done(self) -> str:
        return f"{self._front_door}{LOGIN}/done"

    @property
    def _claims(self) -> dict[str, dict[str, Any]]:
        return {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._client.client_id},
        }

    def _session(self, request: Request, state: str) -> dict[str, Any]:
        """What this browser began under `state`; for another browser nothing, and then Authlib refuses the answer."""
        try:
            begun: dict[str, Any] = self._signer.loads(request.cookies.get(_begun(state), ""), max_age=BEGUN_SECONDS)
        except BadData:
            return {}
        return begun

    async def _end_of_session(self, id_token: str | None) -> str | None:
        try:
            there = await self._client.create_logout_url(
                f"{self._front_door}/", id_token, client_id=self._client.client_id
            )
        except (httpx2.HTTPError, ValueError, RuntimeError) as error:  # RuntimeError: it has no such address
            log.warning("provider_session_not_ended", error=repr(error))
            return None
        return str(there["url"])

    def _keep(self, answer: Response, name: str, value: str, *, path: str = "/", seconds: int | None = None) -> None:
        answer.set_cookie(name, value, max_age=seconds, path=path, **self._guarded)

    def _forget(self, answer: Response, name: str, *, path: str = "/") -> None:
        answer.delete_cookie(name, path=path, **self._guarded)

    @property
    def _guarded(self) -> Guarded:
        return {"httponly": True, "samesite": "lax", "secure": self._front_door.startswith("https:")}


def _begun(state: str) -> str:
    return f"login-{state}"


@contextmanager
def _asking() -> Iterator[None]:
    """Raises `LoginFailed` (403) or `ProviderAway` (503) for what goes wrong between Authlib and the provider."""
    try:
        yield
    except httpx2.HTTPError as error:
        log.warning("provider_away", error=repr(error))
        raise ProviderAway("Nơi cấp tài khoản chưa trả lời; hãy thử lại sau giây lát.") from error
    except (OAuthError, JoseError, ValueError, KeyError, RuntimeError) as error:
        raise _failed(repr(error)) from error


def _failed(error: str) -> LoginFailed:
    log.warning("login_failed", error=error)
    return LoginFailed(
        "Chưa đăng nhập được: lượt này đã hết hạn, đã dùng, hoặc không bắt đầu từ đây. Hãy mở lại trang đầu."
    )
