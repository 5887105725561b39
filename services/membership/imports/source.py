"""An HTTP source of members: a page of rows after a cursor, asked for only if it is another one than last time."""

from dataclasses import dataclass
from datetime import date
from http import HTTPStatus

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from services.membership.queries import Pulled
from services.membership.settings import MembershipSettings


class SourceAway(OSError):
    """The source cannot be reached, or answers something else than a page. The text says what."""


class Page(BaseModel):
    """`next` names the rows after these; a source without it gives all of its rows, always."""

    model_config = ConfigDict(frozen=True)

    rows: list[dict[str, str | None]]
    next: str | None = None
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    page: Page
    etag: str | None


def client(settings: MembershipSettings) -> httpx.AsyncClient:
    token = settings.pull_token
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
    return httpx.AsyncClient(headers=headers, timeout=settings.pull_timeout_seconds)


async def fetch(http: httpx.AsyncClient, url: str, at: Pulled) -> Fetched | None:
    """The page at the cursor; None if it is the one that was taken before. Raises `SourceAway`."""
    params = {"cursor": at.cursor} if at.cursor is not None else {}
    headers = {"If-None-Match": at.etag} if at.etag is not None else {}
    try:
        answer = await http.get(httpx.URL(url).copy_merge_params(params), headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise SourceAway(f"{url} does not answer: {error!r}") from error
    if answer.status_code == HTTPStatus.NOT_MODIFIED:
        return None
    if answer.status_code != HTTPStatus.OK:
        raise SourceAway(f"{url} answers {answer.status_code}")
    try:
        return Fetched(Page.model_validate_json(answer.content), answer.headers.get("ETag"))
    except ValidationError as error:
        first = error.errors()[0]
        raise SourceAway(f"{url} gives no page: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
