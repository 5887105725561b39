"""One overview of all services as JSON, for operators: ids, counts and reasons, no names, no texts."""

from typing import Annotated

from fastapi import APIRouter

from services.operations.asked import Asked
from services.operations.overview import Overview, look
from shared.web.access import OPERATE, Caller

router = APIRouter(tags=["operations"])


@router.get("/status")
async def overview(_: Annotated[Caller, OPERATE], owners: Asked) -> Overview:
    """What runs, how far behind it is, what waits or is parked."""
    return await look(owners.services, owners.token, owners.http)
