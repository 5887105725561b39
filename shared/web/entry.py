"""Where a browser signs in and out: at the identity provider if the settings name a client of it, else in the demo."""

import re
from ipaddress import ip_address
from urllib.parse import urlencode, urlsplit

from fastapi import Request

from shared.web.runtime import WebSettings

# `login.py`, in the service that has the home page.
LOGIN = "/reporting/login"
LOGOUT = "/reporting/logout"
# The demo issuer listens on loopback only; behind the front door it is there.
DEMO_SIGN_IN = "/issuer/sign-in"
DEMO_SIGN_OUT = "/issuer/sign-out"
# A login was just done: a page that still asks for one would send the browser round for ever.
JUST_LOGGED_IN = "logged-in"
# A path of ours with its query. Two slashes, a backslash or a control character would name a host to some browser.
OWN_PATH = r"^/([!-.0-\[\]-~][!-\[\]-~]*)?$"
LONGEST_PATH = 1500  # with what stands beside it, the cookie of a login has to stay below 4 KB


def sign_in(request: Request) -> str | None:
    """The address to sign in at and come back from; None where no browser can."""
    settings = _settings(request)
    if settings is None:
        return None
    if settings.oidc_client_id:
        return f"{LOGIN}?{urlencode({'next': _path(request)})}"
    return DEMO_SIGN_IN if _is_loopback(settings.oidc_issuer) else None


def sign_out(request: Request) -> str:
    """The address that takes the cookie back by which the browser is signed in."""
    settings = _settings(request)
    return LOGOUT if settings and settings.oidc_client_id else DEMO_SIGN_OUT


def login_by_itself(request: Request) -> str | None:
    """Where to send a browser whose page wants a login: mostly the provider knows it still, and nobody sees it.

    None for what would be lost on the way (a form), for programs, and for a browser that comes from there.
    """
    settings = _settings(request)
    if settings is None or not settings.oidc_client_id or request.method != "GET":
        return None
    if "Authorization" in request.headers or JUST_LOGGED_IN in request.cookies:
        return None
    return sign_in(request)


def _path(request: Request) -> str:
    if request.method != "GET":
        return "/"
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return path if len(path) <= LONGEST_PATH and re.fullmatch(OWN_PATH, path) else "/"


def _settings(request: Request) -> WebSettings | None:
    runtime = getattr(request.app.state, "runtime", None)  # the demo's issuer has none
    return runtime.settings if runtime else None


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
