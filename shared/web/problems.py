"""RFC 9457 problem details: the one place where errors become HTTP answers."""

from collections.abc import Mapping
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from shared.database.transient import is_transient
from shared.decider import DomainError
from shared.web.entry import login_by_itself
from shared.web.field_texts import field_text
from shared.web.problem_page import problem_page, wants_page

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:sinh-hoat-chi-bo:problem:"

TITLES = {
    400: "Yêu cầu chưa đúng",
    401: "Chưa đăng nhập hoặc phiên đăng nhập không hợp lệ",
    403: "Không có quyền",
    404: "Không tìm thấy",
    405: "Địa chỉ này không nhận thao tác như vậy",
    409: "Chưa thực hiện được ở trạng thái hiện tại",
    413: "Nội dung gửi lên quá lớn",
    422: "Dữ liệu chưa hợp lệ",
    500: "Lỗi của hệ thống",
    503: "Tạm thời chưa phục vụ được",
}

# Said of a request that no route got to see.
DETAILS = {
    400: "Không đọc được nội dung gửi lên: cần JSON (hoặc biểu mẫu có tệp) đúng cú pháp, mã hóa UTF-8.",
    413: "Nội dung gửi lên quá lớn: hãy chia nhỏ.",
}

log = structlog.get_logger(__name__)


class FieldProblem(BaseModel):
    """One wrong field: where it stands in the request and what is wrong with it."""

    field: str
    text: str


class Problem(BaseModel):
    """RFC 9457. `type` is stable and is what a client decides on; `detail` says what to do."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    correlation_id: str | None = None
    errors: list[FieldProblem] | None = None


class Refused(DomainError):
    """A request that is refused before any rule of the domain is asked."""

    headers: Mapping[str, str] = {}


def problem_response(
    request: Request,
    *,
    kind: str,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    errors: list[FieldProblem] | None = None,
) -> Response:
    """The answer for a problem of type `kind`; a page for who asks for one, or the login that the page wants."""
    body = Problem(
        type=TYPE_PREFIX + kind,
        title=TITLES.get(status) or HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=request.url.path,
        correlation_id=getattr(request.state, "correlation_id", None),
        errors=errors,
    )
    if wants_page(request):
        if status == 401 and (login := login_by_itself(request)):
            return RedirectResponse(login, status_code=303, headers={"Cache-Control": "no-store"})
        page = problem_page(request, status=status, title=body.title, detail=detail, correlation_id=body.correlation_id)
        page.headers.update(headers or {})
        return page
    content = body.model_dump(mode="json", exclude_none=True)
    return JSONResponse(content, status_code=status, media_type=MEDIA_TYPE, headers=dict(headers or {}))


async def domain_error(request: Request, error: Exception) -> Response:
    """The answer to a broken rule."""
    assert isinstance(error, DomainError)  # noqa: S101  # registered for this type alone
    headers = dict(getattr(error, "headers", {}))
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return problem_response(request, kind=error.problem, status=error.status, detail=str(error), headers=headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for this type alone
    fields = [FieldProblem(field=".".join(map(str, item["loc"])), text=field_text(item)) for item in error.errors()]
    detail = "Các trường sau chưa hợp lệ: " + "; ".join(f"{item.field}: {item.text}" for item in fields)
    return problem_response(request, kind="invalid-request", status=422, detail=detail, errors=fields)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for this type alone
    kind = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    detail = DETAILS.get(error.status_code) or TITLES.get(error.status_code, str(error.detail))
    return problem_response(request, kind=kind, status=error.status_code, detail=detail, headers=error.headers)


def unexpected(request: Request, error: Exception) -> Response:
    """The answer for an error that nobody expected: 503 if the database is away, else 500.

    The text of the error may hold anything, so it goes to the log and not to the client.
    """
    if is_transient(error):
        log.warning("database_unavailable", error=repr(error))
        return problem_response(
            request,
            kind="database-unavailable",
            status=503,
            detail="Cơ sở dữ liệu tạm thời không trả lời; hãy thử lại sau giây lát.",
            headers={"Retry-After": "2"},
        )
    log.error("request_failed", exc_info=error)
    detail = "Có lỗi ngoài dự kiến; hãy gửi mã correlation_id cho người vận hành."
    return problem_response(request, kind="internal-error", status=500, detail=detail)


def install(app: FastAPI) -> None:
    """Answers every expected error of `app` with a problem; `shared.web.requests` answers the others."""
    app.add_exception_handler(DomainError, domain_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
