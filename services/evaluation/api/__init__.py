"""The HTTP interface of the evaluation service."""

from fastapi import APIRouter

from services.evaluation.api import catalogue, ratings, reads, scores

router = APIRouter()
for part in (catalogue, reads, scores, ratings):
    router.include_router(part.router)

__all__ = ["router"]
