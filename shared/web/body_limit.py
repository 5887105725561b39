"""Bodies are measured as they come: they are read and parsed before anybody is asked who sends them, and parsing what
is too large would hold up everybody else's requests.
"""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Several times the largest command: a text of 200,000 letters, or a thousand rows.
MAX_BYTES = 8 * 1024 * 1024
# Files are streamed to disk: what the front door lets through, and the form around it.
FILES = "multipart/form-data"
MAX_FORM_BYTES = 65 * 1024 * 1024


class BodyLimit:
    """ASGI middleware: 413 for a body above `MAX_BYTES` (a form: `MAX_FORM_BYTES`), whatever length it says it has."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        form = Headers(scope=scope).get("content-type", "").startswith(FILES)
        most = MAX_FORM_BYTES if form else MAX_BYTES
        taken = 0

        async def measured() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                # Raised where the body is read, so inside what answers every HTTPException with a problem.
                raise HTTPException(413)
            return message

        await self._app(scope, measured, send)
