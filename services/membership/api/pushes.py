"""Rows pushed as JSON by a membership system. What becomes of them is what becomes of the rows of a file."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends
from pydantic import Field

from services.membership.api.desk import Known, Running
from services.membership.api.imports import ImportAnswer, answer, require_root
from services.membership.imports.mapping import load_mapping
from services.membership.imports.push import Rows, push
from services.membership.settings import MembershipSettings
from shared.contracts.fields import GivenDay
from shared.eventstore.context import Context
from shared.local_time import local_date
from shared.web.access import Caller, Reach, Role, allow
from shared.web.context import command_context
from shared.web.examples import example
from shared.web.inputs import Input
from shared.web.requests import wrote

router = APIRouter(prefix="/imports", tags=["imports"])
MACHINE = allow({Role.INTEGRATOR: Reach.SYSTEM})


class PushInput(Input):
    """`rows`: objects whose keys are the headings of the mapping; null where a cell would be empty."""

    model_config = example(
        mapping="members",
        as_of="2026-03-01",
        rows=[
            {
                "Số thẻ đảng viên": "VD-000001",
                "Họ và tên": "Nguyễn Văn Ví Dụ",
                "Ngày sinh": "15/06/1988",
                "Mã chi bộ": "42.001.001.000.001",
                "Diện đảng viên": "Chính thức",
                "Ngày về chi bộ": "01/03/2026",
                "Tình trạng sinh hoạt": "Đang sinh hoạt",
                "Từ ngày": "",
                "Đến ngày": "",
                "Mã chi bộ sinh hoạt tạm thời": "",
            }
        ],
    )

    mapping: str
    as_of: GivenDay | None = None
    rows: list[dict[str, str | None]] = Field(min_length=1, max_length=10_000)


@router.post("/rows")
async def send_rows(
    caller: Annotated[Caller, MACHINE],
    running: Running,
    known: Known,
    context: Annotated[Context, Depends(command_context)],
    body: PushInput,
) -> ImportAnswer:
    """Previewed and applied at once, without the rows that have problems: those are named, to be sent again.

    Held like a file if it shrinks a unit (`state` stays `previewed`): repeat it with the same key once it is confirmed.
    """
    await require_root(caller, known)
    loaded = load_mapping(cast("MembershipSettings", running.settings).mappings, body.mapping)
    rows = Rows.of_records(body.rows, loaded, body.as_of or local_date(running.clock()))
    file, position = await push(rows, context, known)
    if position is not None:
        wrote(position)
    return answer(file)
