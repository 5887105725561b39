"""The HTTP interface of the meetings service."""

from fastapi import APIRouter

from services.meetings.api import documents, outcomes, plans, reads

router = APIRouter()
for part in (plans, documents, outcomes, reads):
    router.include_router(part.router)

__all__ = ["router"]
