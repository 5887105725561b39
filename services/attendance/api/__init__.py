"""The HTTP interface of the attendance service."""

from fastapi import APIRouter, Depends

from services.attendance.api import calls, entries, presence_rules, reads
from shared.web.consistency import at_least

# Commands too may ask for what another service has just answered: a meeting that was scheduled a moment ago.
router = APIRouter(dependencies=[Depends(at_least)])
for part in (entries, calls, presence_rules, reads):
    router.include_router(part.router)

__all__ = ["router"]
