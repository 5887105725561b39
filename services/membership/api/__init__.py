"""The HTTP interface of the membership service."""

from fastapi import APIRouter

from services.membership.api import imports, members, offices, pushes, units

router = APIRouter()
for part in (imports, pushes, units, offices, members):
    router.include_router(part.router)

__all__ = ["router"]
