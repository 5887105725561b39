"""What the attendance service is made of."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter

from services.attendance.aggregates import PRESENCE_RULES, ROLL_CALL
from services.attendance.api import router
from services.attendance.projections import Erasure, Meetings, Members
from services.attendance.reactions import Discrepancies, Redrawing
from shared.directory.projection import DirectoryHandler
from shared.messaging.handler import EventHandler
from shared.service import Runtime, Service


def routers(_: Runtime) -> Sequence[APIRouter]:
    return [router]


def handlers(runtime: Runtime) -> Sequence[EventHandler]:
    return [DirectoryHandler(), Members(), Meetings(), Erasure(), Discrepancies(runtime), Redrawing(runtime)]


SERVICE = Service(
    name="attendance",
    migrations=Path(__file__).parent / "sql" / "migrations",
    routers=routers,
    handlers=handlers,
    aggregates=[ROLL_CALL, PRESENCE_RULES],
)
