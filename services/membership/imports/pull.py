"""Pulls a source of members page by page, each page as if it were pushed. Cut short anywhere, a repetition goes on.

A page is one import, named by source, number and content. Cursor, ETag and the rows set aside move in one transaction
after it is applied, so a page is taken again until then, and what it recorded is not recorded twice.
"""

import hashlib
import json
from dataclasses import dataclass
from uuid import UUID, uuid5

import httpx

from services.membership import queries
from services.membership.imports.mapping import Mapping
from services.membership.imports.push import Rows, push
from services.membership.imports.registry import Registry
from services.membership.imports.source import Fetched, Page, fetch
from services.membership.imports.workbook import tidy
from services.membership.queries import ImportFile, Pulled, Quarantined
from shared.contracts.envelope import Metadata
from shared.eventstore.context import Context
from shared.local_time import local_date

PULLS = UUID("3f0d5b1c-7a2e-5c44-9d0b-6e1f4a7c2b90")
ACTOR = "service:membership.pull"

Record = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Source:
    url: str
    mapping: Mapping


@dataclass(frozen=True, slots=True)
class Pull:
    """One step: what became of a page. `held`: it shrinks a unit, and waits. `more`: ask again at once."""

    file: ImportFile
    set_aside: int
    held: bool
    more: bool


async def pull(source: Source, http: httpx.AsyncClient, registry: Registry) -> Pull | None:
    """Takes the next page, with the rows that were set aside before; None if there is nothing to do.

    Raises `SourceAway`, `UnreadableFile`, and what `push` raises.
    """
    pool = registry.runtime.pool
    at = await queries.pulled(pool, source.url)
    waiting = await queries.quarantined(pool, source.url)
    fetched = await fetch(http, source.url, at)
    head = await registry.runtime.log.head()
    due = any(row.tried_at != head for row in waiting)
    if fetched is None:
        if not due:
            return None
        fetched = Fetched(Page(rows=[], next=at.cursor), at.etag)
    if fetched.page.rows or due:
        records = _with_waiting(fetched.page.rows, waiting, source.mapping, registry)
        return await _take(source, at, fetched, records, registry)
    to = _next(at, fetched)
    moved = await queries.advance_pull(pool, source.url, to, waiting)
    return await pull(source, http, registry) if moved and to.cursor != at.cursor else None


async def _take(source: Source, at: Pulled, fetched: Fetched, records: list[Record], registry: Registry) -> Pull:
    as_of = fetched.page.as_of or local_date(registry.runtime.clock())
    rows = Rows.of_records(records, source.mapping, as_of)
    file, _ = await push(rows, _context(source, at, rows.content, registry), registry)
    if file.state != "applied":
        return Pull(file, set_aside=0, held=True, more=False)
    head = await registry.runtime.log.head()
    aside = [_quarantined(records[row - 1], head, source.mapping, registry) for row in file.left_out]
    to = _next(at, fetched)
    moved = await queries.advance_pull(
        registry.runtime.pool, source.url, to, {row.code_hash: row for row in aside}.values()
    )
    return Pull(file, len(aside), held=False, more=moved and to.cursor != at.cursor)


def _next(at: Pulled, fetched: Fetched) -> Pulled:
    """An ETag holds for its own cursor: with another one, the next page is asked for without."""
    cursor = fetched.page.next if fetched.page.next is not None else at.cursor
    return Pulled(cursor, fetched.etag if cursor == at.cursor else None, at.pages + 1)


def _with_waiting(rows: list[Record], waiting: list[Quarantined], mapping: Mapping, registry: Registry) -> list[Record]:
    """A row that the source sent again replaces the one that was set aside."""
    sent = {_hash(row, mapping, registry) for row in rows}
    return [*rows, *(json.loads(row.record) for row in waiting if row.code_hash not in sent)]


def _quarantined(record: Record, head: int, mapping: Mapping, registry: Registry) -> Quarantined:
    return Quarantined(_hash(record, mapping, registry), json.dumps(record, ensure_ascii=False), head)


def _hash(record: Record, mapping: Mapping, registry: Registry) -> bytes:
    return registry.member_hash(mapping.system, tidy(record.get(mapping.columns["code"]) or ""))


def _context(source: Source, at: Pulled, content: bytes, registry: Registry) -> Context:
    plain_hash = hashlib.sha256(content).hexdigest()
    import_id = uuid5(PULLS, json.dumps([source.url, at.pages, registry.body_hash(plain_hash).hex()]))
    return Context(import_id, Metadata(import_id, ACTOR), plain_hash)
