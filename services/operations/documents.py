"""The documents of all interfaces: those of topics are here, those of services with each of them. Open to everyone."""

from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse

from services.operations.asked import Running
from services.operations.settings import settings_of
from shared.messaging.asyncapi import asyncapi
from shared.web.access import open_to_all
from shared.web.language import Texts, Words, texts_of
from shared.web.pages import Pages

router = APIRouter(dependencies=[open_to_all], include_in_schema=False)

PAGES = Pages(Path(__file__).parent / "templates")
WORDS: Words = MappingProxyType({
    "title": ("Tài liệu giao diện lập trình", "API documents"),
    "other_language": ("English", "Tiếng Việt"),
    "services": ("Dịch vụ (HTTP, OpenAPI 3.1)", "Services (HTTP, OpenAPI 3.1)"),
    "topics": ("Sự kiện (Kafka, AsyncAPI 3.0)", "Events (Kafka, AsyncAPI 3.0)"),
    "all_topics": ("Mọi chủ đề và sự kiện", "All topics and events"),
})  # fmt: skip


@router.get("/asyncapi.json")
async def topics(running: Running) -> JSONResponse:
    """What is on the topics of this system."""
    here = running.settings
    return JSONResponse(asyncapi(here.topic_prefix, here.topic_partitions))


@router.get("/documents", response_class=HTMLResponse)
async def documents_page(
    request: Request, running: Running, t: Annotated[Texts, Depends(texts_of(WORDS))]
) -> HTMLResponse:
    """Where each document is, as the front door leads there."""
    return PAGES.page(request, "documents.html", t, services=sorted(settings_of(running).services))
