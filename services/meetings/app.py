"""What the meetings service is made of."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter

from services.meetings.aggregates import MEETING
from services.meetings.api import router
from services.meetings.projections import MeetingList
from shared.directory.projection import DirectoryHandler
from shared.messaging.handler import EventHandler
from shared.service import Runtime, Service


def routers(_: Runtime) -> Sequence[APIRouter]:
    return [router]


def handlers(_: Runtime) -> Sequence[EventHandler]:
    return [DirectoryHandler(), MeetingList()]


SERVICE = Service(
    name="meetings",
    migrations=Path(__file__).parent / "sql" / "migrations",
    routers=routers,
    handlers=handlers,
    aggregates=[MEETING],
)
