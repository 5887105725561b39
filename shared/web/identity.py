"""From a bearer token to somebody known today: an office, a member, or a registered client."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.local_time import local_date
from shared.web.pages import TOKEN_COOKIE
from shared.web.problems import Refused
from shared.web.roles import ASSIGNMENT_ROLES, Grant, Role, office_role
from shared.web.runtime import ServiceRuntime
from shared.web.same_origin import is_same_origin
from shared.web.tokens import TokenRefused

READING = frozenset({"GET", "HEAD"})

bearer = HTTPBearer(auto_error=False, description="OIDC access token (JWT)")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


class NotCurrent(Refused):
    """The token is genuine, but what it names holds nothing today."""

    status = 403


class OfficeNotCurrent(NotCurrent):
    """The office has ended, has not begun, or gives no role where it is."""

    problem = "office-not-current"


class OfficeUnknown(NotCurrent):
    """The office is not in the directory; it may have been assigned a moment ago."""

    problem = "office-unknown"
    retry_after = 2


class MemberNotCurrent(NotCurrent):
    """The member belongs to no cell today."""

    problem = "member-not-current"


class ClientNotRegistered(NotCurrent):
    """The machine is not among this service's registered clients."""

    problem = "client-not-registered"


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody known today. `actor` is "office:<id>", "member:<id>" or "client:<id>"; `subject` is the token's.

    `behalf`: the unit that the caller says to act for.
    """

    subject: str
    actor: str
    grants: tuple[Grant, ...]
    on: date
    behalf: UUID | None = None


async def access_token(request: Request, credentials: Credentials) -> str:
    """The token as it was sent. A page opened in a browser may carry it in a cookie, which counts for writing only from
    a page of ours: browsers add cookies to requests that other sites make them send.
    """
    cookie = request.cookies.get(TOKEN_COOKIE)
    if cookie and not (request.method in READING or is_same_origin(request)):
        cookie = None
    token = credentials.credentials if credentials else cookie
    if not token:
        raise TokenRefused("Cần đăng nhập: thiếu mã truy cập (Authorization: Bearer).")
    return token


async def identify(
    request: Request,
    # What each of several dependencies depends on, FastAPI walks through again for each: so few, and flat.
    credentials: Credentials,
    behalf: Annotated[
        UUID | None, Header(alias="On-Behalf-Of", description="The cell that a superior acts for; recorded.")
    ] = None,
) -> Identity:
    """Raises 401 for a missing or bad token, 403 for one that matches nobody today."""
    runtime: ServiceRuntime = request.app.state.runtime
    claims = await request.app.state.tokens.verify(await access_token(request, credentials))
    on = local_date(runtime.clock())
    actor, grants = await _match(runtime, claims, on)
    return Identity(subject=claims["sub"], actor=actor, grants=grants, on=on, behalf=behalf)


async def _match(runtime: ServiceRuntime, claims: dict[str, Any], on: date) -> tuple[str, tuple[Grant, ...]]:
    named = [claim for claim in ("office_id", "member_id", "client_id") if claims.get(claim)]
    if len(named) != 1 or not isinstance(claims[named[0]], str):
        raise TokenRefused("Mã truy cập phải nêu đúng một trong office_id, member_id, client_id, dạng chuỗi.")
    match named[0]:
        case "office_id":
            office_id = _uuid(claims["office_id"])
            return f"office:{office_id}", (await _office(runtime, office_id, on),)
        case "member_id":
            member_id = _uuid(claims["member_id"])
            return f"member:{member_id}", await _member(runtime, member_id, on)
        case _:
            return f"client:{claims['client_id']}", (_client(runtime, claims["client_id"]),)


async def _office(runtime: ServiceRuntime, office_id: UUID, on: date) -> Grant:
    office = await runtime.directory.office(office_id, on)
    if office is None:
        raise OfficeUnknown("Chức vụ trong mã truy cập chưa có trong danh bạ.")
    if not office.holds(on):
        raise OfficeNotCurrent(f"Chức vụ này không còn (hoặc chưa) hiệu lực vào ngày {on:%d/%m/%Y}.")
    role = None if office.of_cell is None else office_role(office.role, of_cell=office.of_cell)
    if role is None:
        raise OfficeNotCurrent("Chức vụ này không gắn với vai trò nào ở tổ chức đó.")
    return Grant(role, office.unit_id)


async def _member(runtime: ServiceRuntime, member_id: UUID, on: date) -> tuple[Grant, ...]:
    cell_id = await runtime.directory.cell_of(member_id, on)
    if cell_id is None:
        raise MemberNotCurrent("Đảng viên này hiện không thuộc chi bộ nào.")
    assigned = await runtime.directory.assignments(member_id, on)
    return (Grant(Role.MEMBER, cell_id), *(Grant(ASSIGNMENT_ROLES[item.kind], item.unit_id) for item in assigned))


def _client(runtime: ServiceRuntime, client_id: str) -> Grant:
    client = runtime.settings.clients.get(client_id)
    if client is None:
        raise ClientNotRegistered("Máy khách này chưa được đăng ký ở dịch vụ.")
    return Grant(client.role, client.unit_id)


def _uuid(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError as error:
        raise TokenRefused("Mã định danh trong mã truy cập không đúng dạng.") from error
