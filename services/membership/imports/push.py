"""Rows that a machine sends with nobody looking: previewed and applied in one step, those with problems set aside."""

import json
from collections.abc import Mapping as Said
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.membership import queries
from services.membership.imports.apply import ImportHeld, ImportOutdated, apply
from services.membership.imports.mapping import Format, Mapping
from services.membership.imports.preview import preview
from services.membership.imports.registry import Registry
from services.membership.queries import ImportFile
from shared.eventstore.command_handler import CommandReused
from shared.eventstore.context import Context


@dataclass(frozen=True, slots=True)
class Rows:
    """`content` as the mapping reads it, and the day that it describes."""

    content: bytes
    mapping: Mapping
    as_of: date

    @classmethod
    def of_records(cls, records: Sequence[Said[str, str | None]], mapping: Mapping, as_of: date) -> "Rows":
        content = json.dumps(records, ensure_ascii=False).encode()
        return cls(content, mapping.model_copy(update={"format": Format.JSON}), as_of)


async def push(rows: Rows, context: Context, registry: Registry) -> tuple[ImportFile, int | None]:
    """The import, and the position after what this call recorded; a repetition finishes what was cut short.

    What shrinks a unit is held: repeat it once that is confirmed. Raises `UnreadableFile`, `CommandReused`,
    `ImportOutdated`.
    """
    body_hash = registry.body_hash(context.plain_hash)
    file = await queries.find_import(registry.runtime.pool, context.command_id)
    if file is not None and file.body_hash != body_hash:
        raise CommandReused("Idempotency-Key này đã dùng cho một nội dung khác: hãy dùng mã mới.")
    if file is None or (file.state == "previewed" and file.content is None):
        file = await _previewed(rows, context, registry)
    elif file.state == "applying" and file.content is None:
        # Forgotten with an erased person: the request, of the same hash, brings it again.
        file = replace(file, content=rows.content)
    try:
        return await _applied(file, context, registry)
    except ImportOutdated:
        # Nobody has seen that preview, unless to confirm it: the new one waits for that again.
        return await _applied(await _previewed(rows, context, registry), context, registry)


async def _previewed(rows: Rows, context: Context, registry: Registry) -> ImportFile:
    file = await preview(
        rows.content,
        rows.mapping,
        rows.as_of,
        registry,
        import_id=context.command_id,
        body_hash=registry.body_hash(context.plain_hash),
    )
    return await queries.find_import(registry.runtime.pool, file.import_id) or file


async def _applied(file: ImportFile, context: Context, registry: Registry) -> tuple[ImportFile, int | None]:
    problems = frozenset(problem["row"] for problem in json.loads(file.preview)["problems"])
    try:
        done = await apply(file, problems, context.metadata, registry)
    except ImportHeld:
        return file, None
    return await queries.find_import(registry.runtime.pool, file.import_id) or file, done.position
