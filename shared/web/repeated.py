"""A repeated command gets its first answer also where a route refuses it before the command handler sees it.

What a command did may be the very reason: a withdrawn meeting is not there any more, a meeting that was moved is out of
its mover's reach. Asked only of what is refused, so that no other command pays for it.
"""

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from shared.decider import DomainError
from shared.eventstore.command_handler import first_answer
from shared.eventstore.context import Context
from shared.web.context import receipt
from shared.web.problems import domain_error
from shared.web.runtime import ServiceRuntime


def install(app: FastAPI) -> None:
    """After `problems.install`, whose answer to a `DomainError` stands for every other request."""
    app.add_exception_handler(DomainError, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    # Set once caller and body were read: the id holds the caller's subject, so that nobody sees another's answer.
    command: Context | None = getattr(request.state, "command", None)
    runtime: ServiceRuntime = request.app.state.runtime
    if command is None or runtime.log is None:
        return await domain_error(request, error)
    rows = await runtime.log.find_command(command.command_id)
    if not rows or not command.recorded(rows):
        return await domain_error(request, error)
    return JSONResponse(receipt(first_answer(rows)).model_dump(mode="json"))
