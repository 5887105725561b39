"""The HTTP interface of the evaluation service."""

from fastapi import APIRouter, Depends

from services.evaluation.api import catalogue, ratings, reads, scores
from shared.web.consistency import at_least

# Commands too may ask for what another service has just answered: score a meeting whose roll call closed a moment ago.
router = APIRouter(dependencies=[Depends(at_least)])
for part in (catalogue, reads, scores, ratings):
    router.include_router(part.router)

__all__ = ["router"]
