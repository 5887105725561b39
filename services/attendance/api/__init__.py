"""The HTTP interface of the attendance service."""

from fastapi import APIRouter

from services.attendance.api import calls, entries, presence_rules, reads

router = APIRouter()
for part in (calls, entries, presence_rules, reads):
    router.include_router(part.router)

__all__ = ["router"]
