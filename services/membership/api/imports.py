"""Files of a membership system: sent for a preview, applied, looked at. `docs/integration.md` shows examples."""

import json
from datetime import date
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Form, UploadFile
from pydantic import BaseModel, Field

from services.membership import queries
from services.membership.api.desk import CHANGE, Known, Running
from services.membership.imports.apply import apply
from services.membership.imports.mapping import load_mapping
from services.membership.imports.preview import preview
from services.membership.imports.registry import Registry
from services.membership.queries import ImportFile
from services.membership.settings import MembershipSettings
from shared.contracts.fields import GivenDay
from shared.decider import DomainError
from shared.eventstore.context import Context
from shared.local_time import local_date
from shared.web.access import Caller, Reach, Role, allow
from shared.web.context import command_context
from shared.web.examples import example, form_example
from shared.web.inputs import Input
from shared.web.problems import Refused
from shared.web.requests import wrote

router = APIRouter(prefix="/imports", tags=["imports"])
# A person: a machine that could confirm its own file would confirm every one.
CONFIRM = allow({Role.PROVINCE_BOARD: Reach.SUBTREE})


class FileTooLarge(Refused):
    problem = "file-too-large"
    status = 413


class UnknownImport(DomainError):
    problem = "unknown-import"
    status = 404


class RowProblem(BaseModel):
    """`row` as the spreadsheet counts, headings included; `field` as the mapping names it."""

    row: int
    field: str
    text: str


class RowChange(BaseModel):
    row: int
    outcome: str
    fields: list[str]


class UnknownParentRow(BaseModel):
    row: int
    code: str


class ShrinkingUnit(BaseModel):
    """`leaving` of the unit's `of` members (or, in a file of units, cells) are not under it after the file."""

    unit_id: UUID
    name: str
    leaving: int
    of: int


class ImportAnswer(BaseModel):
    """What the file would do, or did. Rows that are missing from a file change nothing: that is no departure.

    While `shrinking` names units and `confirmed_by` nobody, the file is held: it is not applied.
    """

    import_id: UUID
    kind: str
    as_of: date
    state: str
    new: int
    changed: int
    ended: int
    unchanged: int
    changes: list[RowChange] = Field(description="Changed and ended rows, at most 500.")
    shrinking: list[ShrinkingUnit] = Field(default_factory=list)
    confirmed_by: str | None
    unknown_parents: list[UnknownParentRow]
    problems: list[RowProblem]
    left_out: list[int]


# As the database counts them.
RowNumber = Annotated[int, Field(ge=1, lt=2**31)]


class ApplyInput(Input):
    """Numbers of rows with problems that are to be left out; the others are recorded."""

    model_config = example(leave_out=[4])

    leave_out: list[RowNumber] = Field(default_factory=list, max_length=100_000)


class AppliedAnswer(BaseModel):
    """`rows` were recorded by this request; after a repetition, those that were still missing."""

    import_id: UUID
    state: str
    rows: int
    position: int | None


# A title, the headings of the mapping `members`, a new member, and one of a cell that nobody has registered: row 4.
FILE = (
    "Đảng viên mới,,,,,,,,,\n"
    "Số thẻ đảng viên,Họ và tên,Ngày sinh,Mã chi bộ,Diện đảng viên,Ngày về chi bộ,"
    "Tình trạng sinh hoạt,Từ ngày,Đến ngày,Mã chi bộ sinh hoạt tạm thời\n"
    "HT-900001,Trần Thị Mới,02/01/1990,42.001.001.000.001,Chính thức,01/01/2030,Đang sinh hoạt,,,\n"
    "HT-900002,Lê Văn Lạc,03/02/1991,42.999.999.000.001,Chính thức,01/01/2030,Đang sinh hoạt,,,\n"
)


@router.post("", openapi_extra=form_example(file=FILE, mapping="members", as_of="2030-01-01"))
async def send_file(
    caller: Annotated[Caller, CHANGE],
    running: Running,
    known: Known,
    file: UploadFile,
    mapping: Annotated[str, Form(description="Name of the mapping of columns.")],
    as_of: Annotated[GivenDay | None, Form(description="The day that the file describes; today if left out.")] = None,
) -> ImportAnswer:
    """A preview: nothing is recorded yet."""
    settings = cast("MembershipSettings", running.settings)
    await require_root(caller, known)
    content = await file.read(settings.import_max_bytes + 1)
    if len(content) > settings.import_max_bytes:
        raise FileTooLarge(f"Tệp lớn hơn {settings.import_max_bytes // 1024 // 1024} MB: hãy chia nhỏ.")
    loaded = load_mapping(settings.mappings, mapping)
    day = as_of or local_date(running.clock())
    return answer(await preview(content, loaded, day, known))


@router.post("/{import_id}/apply")
async def apply_import(
    caller: Annotated[Caller, CHANGE],
    running: Running,
    known: Known,
    context: Annotated[Context, Depends(command_context)],
    import_id: UUID,
    body: ApplyInput,
) -> AppliedAnswer:
    """Records what the preview showed. Refused while rows have problems; repeat it if the answer was lost."""
    await require_root(caller, known)
    file = await _find(running, import_id)
    done = await apply(file, frozenset(body.leave_out), context.metadata, known)
    if done.position is not None:
        wrote(done.position)
    return AppliedAnswer(import_id=import_id, state="applied", rows=done.rows, position=done.position)


@router.post("/{import_id}/confirmation")
async def confirm_import(
    caller: Annotated[Caller, CONFIRM],
    running: Running,
    known: Known,
    context: Annotated[Context, Depends(command_context)],
    import_id: UUID,
) -> ImportAnswer:
    """The units that the file shrinks do shrink. Whoever sent it applies it afterwards."""
    await require_root(caller, known)
    await _find(running, import_id)
    await queries.confirm_import(running.pool, import_id, context.metadata.actor)
    return answer(await _find(running, import_id))


@router.get("/{import_id}")
async def show_import(
    caller: Annotated[Caller, CHANGE], running: Running, known: Known, import_id: UUID
) -> ImportAnswer:
    """The preview again, with what became of it."""
    await require_root(caller, known)
    return answer(await _find(running, import_id))


async def require_root(caller: Caller, known: Registry) -> None:
    """A file may touch any unit, so its sender reaches the root. Before there is one, only a machine gets here."""
    for root in (await known.tree()).roots:
        await caller.require(root)


async def _find(running: Running, import_id: UUID) -> ImportFile:
    file = await queries.find_import(running.pool, import_id)
    if file is None:
        raise UnknownImport(f"Không có tệp nhập {import_id}.")
    return file


def answer(file: ImportFile) -> ImportAnswer:
    shown: dict[str, Any] = json.loads(file.preview)
    return ImportAnswer(
        import_id=file.import_id,
        kind=file.kind,
        as_of=file.as_of,
        state=file.state,
        left_out=list(file.left_out),
        confirmed_by=file.confirmed_by,
        **shown,
    )
