"""A previewed file is applied: compared once more, then recorded row by row. Cut short, it is finished by repeating it.

What is recorded together is one command, its id made of import and rows: recorded before, it does nothing again.
Member ids are reserved before the first event: a repetition finds them.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from uuid import UUID, uuid5

from services.membership import queries
from services.membership.aggregates import ASSIGNMENTS, MEMBERS, OFFICES, TREES
from services.membership.imports.compare import compare, read_file
from services.membership.imports.mapping import FileKind, Mapping
from services.membership.imports.plan import Change, Outcome, Plan
from services.membership.imports.preview import digest
from services.membership.imports.registry import Registry
from services.membership.imports.shrinking import Loss, shrinking
from services.membership.imports.tables import Row
from services.membership.imports.unit_plan import FileDay
from services.membership.queries import ImportFile
from shared.contracts.envelope import Metadata
from shared.decider import DomainError
from shared.eventstore.command_handler import CommandHandler
from shared.eventstore.context import Context

# Rows of the tree, one stream, go together; all other rows have a stream each and ride the log's group commit.
TOGETHER = 200
AT_ONCE = 64
SHOWN = 5
AGGREGATES: dict[FileKind, Any] = {
    FileKind.UNIT_KINDS: TREES,
    FileKind.UNITS: TREES,
    FileKind.MEMBERS: MEMBERS,
    FileKind.OFFICES: OFFICES,
    FileKind.ASSIGNMENTS: ASSIGNMENTS,
}


class ImportHasProblems(DomainError):
    """Rows cannot be recorded: correct the file and send it again, or leave these rows out by number."""

    problem = "import-has-problems"
    status = 409


class ImportOutdated(DomainError):
    """What the file would do is no longer what the preview showed."""

    problem = "import-outdated"
    status = 409


class ImportHeld(DomainError):
    """The file takes so many away that somebody has to confirm it first."""

    problem = "import-held"
    status = 409


class ContentGone(DomainError):
    """The file was kept too long, or may have held an erased person's name."""

    problem = "import-content-gone"
    status = 409


@dataclass(frozen=True, slots=True)
class Applied:
    """How many rows were recorded by this call, and the log's position after the last of them."""

    rows: int
    position: int | None


async def apply(file: ImportFile, left_out: Collection[int], metadata: Metadata, registry: Registry) -> Applied:
    """Records what the preview showed, without the rows left out; nothing at all while other rows have problems.

    Raises `ImportHasProblems`, `ImportHeld`, `ImportOutdated`, `ContentGone`. An applied import does nothing.
    """
    if file.state == "applied":
        return Applied(0, None)
    if file.content is None:
        raise ContentGone("Nội dung tệp không còn được giữ: hãy gửi lại tệp.")
    mapping = Mapping.model_validate_json(file.mapping)
    day = FileDay(mapping.system, file.as_of)
    rows = await read_file(file.content, mapping)
    compared: Plan[Any] | None = None
    if file.state == "previewed":
        compared = await compare(rows, mapping, day, registry)
        _refuse_outdated(file, compared)
    else:
        left_out = file.left_out
    plan = await _planned(file, rows, mapping, registry, left_out, None if left_out else compared)
    if file.state == "previewed" and file.confirmed_by is None:
        _refuse_shrinking(await shrinking(plan, mapping.kind, registry))
    await queries.start_import(registry.runtime.pool, file.import_id, left_out)
    # Metadata travels with every event, and a hash of a row could be guessed back to a name.
    record = _Recorder(
        registry.runtime.handler(AGGREGATES[mapping.kind]), file.import_id, replace(metadata, body_hash=None)
    )
    position = await record.all(plan.changes, in_order=AGGREGATES[mapping.kind] is TREES)
    await queries.finish_import(registry.runtime.pool, file.import_id)
    return Applied(len({change.row for change in plan.changes}), position)


def _refuse_outdated(file: ImportFile, plan: Plan[Any]) -> None:
    if digest(plan) != file.digest:
        raise ImportOutdated("Dữ liệu đã thay đổi từ khi xem trước: hãy gửi lại tệp để xem trước lần nữa.")


async def _planned(
    file: ImportFile,
    rows: Sequence[Row],
    mapping: Mapping,
    registry: Registry,
    left_out: Collection[int],
    plan: Plan[Any] | None,
) -> Plan[Any]:
    """The plan with its members' ids reserved; anew if another file gave a person an id in between."""
    while True:
        plan = plan or await compare(rows, mapping, FileDay(mapping.system, file.as_of), registry, left_out)
        _refuse_problems(plan)
        if mapping.kind is not FileKind.MEMBERS:
            return plan
        if file.state == "applying":
            plan.changes = await _not_recorded(file.import_id, plan.changes, registry)
        if await registry.reserve(mapping.system, _new_members(plan, rows)):
            return plan
        plan = None


async def _not_recorded(import_id: UUID, changes: Sequence[Change[Any]], registry: Registry) -> list[Change[Any]]:
    """Without rows that this import recorded: a member who looks new all the same was erased, and stays away."""
    ids = [_command_id(import_id, [change]) for change in changes]
    recorded = await queries.recorded_commands(registry.runtime.pool, ids)
    return [change for change, command_id in zip(changes, ids, strict=True) if command_id not in recorded]


def _refuse_problems(plan: Plan[Any]) -> None:
    if not plan.problems:
        return
    shown = "; ".join(f"dòng {problem.row}, {problem.field}: {problem.text}" for problem in plan.problems[:SHOWN])
    more = f"; và {len(plan.problems) - SHOWN} lỗi khác" if len(plan.problems) > SHOWN else ""
    raise ImportHasProblems(f"Tệp còn {len(plan.problems)} lỗi, chưa ghi nhận gì: {shown}{more}.")


def _refuse_shrinking(losses: Sequence[Loss]) -> None:
    if losses:
        shown = "; ".join(f"'{loss.name}' giảm {loss.leaving} trên {loss.of}" for loss in losses[:SHOWN])
        more = f"; và {len(losses) - SHOWN} đơn vị khác" if len(losses) > SHOWN else ""
        raise ImportHeld(
            f"Tệp làm giảm mạnh, chưa ghi nhận gì: {shown}{more}. Nếu đúng là vậy, cấp tỉnh xác nhận trước."
        )


def _new_members(plan: Plan[Any], rows: Iterable[Row]) -> dict[str, UUID]:
    """Member id by outer code, of those who become known."""
    codes = {row.number: str(row.fields["code"]) for row in rows if "code" in row.fields}
    return {codes[change.row]: UUID(change.key) for change in plan.changes if change.outcome is Outcome.NEW}


class _Recorder:
    """Hands a plan's changes to the command handler."""

    def __init__(self, handler: CommandHandler[Any, Any], import_id: UUID, metadata: Metadata) -> None:
        self._handler = handler
        self._import_id = import_id
        self._metadata = metadata
        self._position: int | None = None

    async def all(self, changes: Sequence[Change[Any]], *, in_order: bool) -> int | None:
        """The highest position written; the first error if one fails, and the others are cancelled."""
        batches = _batches(changes) if in_order else iter([change] for change in changes)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(1 if in_order else AT_ONCE):
                    group.create_task(self._work(batches))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed
        return self._position

    async def _work(self, batches: Iterator[Sequence[Change[Any]]]) -> None:
        for batch in batches:
            first = batch[0]
            receipt = await self._handler.handle(
                tuple(command for change in batch for command in change.commands),
                stream=first.stream,
                key=first.key,
                context=Context(_command_id(self._import_id, batch), self._metadata),
                texts=[text for change in batch for text in change.texts],
            )
            if receipt.position is not None:
                self._position = max(self._position or 0, receipt.position)


def _command_id(import_id: UUID, batch: Sequence[Change[Any]]) -> UUID:
    return uuid5(import_id, ",".join(f"{change.outcome}:{change.row}" for change in batch))


def _batches(changes: Sequence[Change[Any]]) -> Iterator[Sequence[Change[Any]]]:
    waiting = iter(changes)
    while batch := list(islice(waiting, TOGETHER)):
        yield batch
