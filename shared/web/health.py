"""Health and metrics. Live: the loop turns and no consumer hangs. Ready: own database answers and is migrated.

Kafka, lag and parked events never close an API: they are metrics and the `degraded` field.
"""

import asyncio
from typing import Annotated, Any

import asyncpg
from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from shared.database.migrate import missing_migrations
from shared.web.access import open_to_all
from shared.web.runtime import ServiceRuntime, service_runtime

ANSWER_WITHIN_SECONDS = 2

router = APIRouter(tags=["health"], dependencies=[open_to_all])


class Health(BaseModel):
    """`ok` decides the status code (503 when false); `problems` says why; `degraded` never closes the API."""

    ok: bool
    problems: list[str] = []
    degraded: list[str] = []


NOT_OK: dict[int | str, dict[str, Any]] = {503: {"model": Health, "description": "Not ok, and why."}}


@router.get("/health/live", responses=NOT_OK)
async def live(runtime: Annotated[ServiceRuntime, Depends(service_runtime)], response: Response) -> Health:
    """A process that is not live should be restarted."""
    hanging = [f"consumer {name} hangs" for name in runtime.hanging()]
    return _answer(response, Health(ok=not hanging, problems=hanging))


@router.get("/health/ready", responses=NOT_OK)
async def ready(runtime: Annotated[ServiceRuntime, Depends(service_runtime)], response: Response) -> Health:
    """A process that is not ready should get no requests."""
    reasons = await _database_problems(runtime)
    degraded = [] if reasons else list(await runtime.degraded())
    return _answer(response, Health(ok=not reasons, problems=reasons, degraded=degraded))


@router.get("/metrics", response_class=Response)
async def metrics(_: Request) -> Response:
    """Prometheus text; counts and times only."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _database_problems(runtime: ServiceRuntime) -> list[str]:
    try:
        async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
            missing = await missing_migrations(runtime.pool, *runtime.migrations)
    except asyncpg.UndefinedTableError:
        return ["the database was never migrated: run the service's `migrate` command"]
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return [f"the database does not answer: {error!r}"]
    return [f"migration {version} is missing: run the service's `migrate` command" for version in missing]


def _answer(response: Response, health: Health) -> Health:
    response.status_code = 200 if health.ok else 503
    return health
