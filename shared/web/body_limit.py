"""Bodies are measured as they come: they are read and parsed before anybody is asked who sends them, and parsing what
is too large would hold up everybody else's requests.
"""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Several times the largest command: a text of 200,000 letters, or a thousand rows.
MAX_BYTES = 8 * 1024 * 1024
# Files are streamed to disk and have a limit of their own.
FILES = "multipart/form-data"


class BodyLimit:
    """ASGI middleware: 413 for a body above `MAX_BYTES`, whether or not it says its length."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or Headers(scope=scope).get("content-type", "").startswith(FILES):
            await self._app(scope, receive, send)
            return
        taken = 0

        async def measured() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MAX_BYTES:
                # Raised where the body is read, so inside what answers every HTTPException with a problem.
                raise HTTPException(413)
            return message

        await self._app(scope, measured, send)
