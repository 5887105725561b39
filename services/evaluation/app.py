"""What the evaluation service is made of."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter

from services.evaluation.aggregates import CRITERIA_SET, SCORE
from services.evaluation.api import router
from services.evaluation.projections import CATALOGUE, MEETINGS, ROLL_CALLS, SCORES
from shared.directory.projection import DirectoryHandler
from shared.messaging.handler import EventHandler
from shared.service import Runtime, Service


def routers(_: Runtime) -> Sequence[APIRouter]:
    return [router]


def handlers(_: Runtime) -> Sequence[EventHandler]:
    return [DirectoryHandler(), MEETINGS, ROLL_CALLS, CATALOGUE, SCORES]


SERVICE = Service(
    name="evaluation",
    migrations=Path(__file__).parent / "sql" / "migrations",
    routers=routers,
    handlers=handlers,
    aggregates=[CRITERIA_SET, SCORE],
)
