"""From a request to a command's context, and from a receipt to the answer."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Request
from pydantic import BaseModel

from shared.contracts.envelope import Metadata
from shared.eventstore.command_handler import Receipt
from shared.eventstore.context import Context, command_id
from shared.observability.tracing import current_traceparent
from shared.web.consistency import at_least
from shared.web.identity import Identity, identify
from shared.web.problems import Refused
from shared.web.requests import wrote

__all__ = ["CommandAccepted", "IdempotencyKeyMissing", "at_least", "command_context", "receipt"]


class IdempotencyKeyMissing(Refused):
    """A command without a key could be done twice when its answer is lost."""

    problem = "idempotency-key-missing"
    status = 400


async def command_context(
    request: Request,
    identity: Annotated[Identity, Depends(identify)],
    idempotency_key: Annotated[
        str | None, Header(max_length=200, description="Names this command; repeat it with the same key.")
    ] = None,
) -> Context:
    """The context of the command that this request is; 400 without `Idempotency-Key`."""
    if not idempotency_key:
        raise IdempotencyKeyMissing("Thiếu tiêu đề Idempotency-Key: đặt một mã riêng cho mỗi lần nhập.")
    # Without the front door's prefix: the same command is the same through either door.
    path = request.url.path.removeprefix(request.scope["root_path"])
    keyed_hash, plain_hash = await request.app.state.body_hashes.of(await request.body())
    metadata = Metadata(
        correlation_id=UUID(request.state.correlation_id),
        actor=identity.actor,
        on_behalf_of=str(identity.behalf) if identity.behalf else None,
        traceparent=current_traceparent(),
        body_hash=keyed_hash,
    )
    command = command_id(identity.subject, f"{request.method} {path}", idempotency_key)
    context = Context(command, metadata, plain_hash)
    request.state.command = context
    return context


class CommandAccepted(BaseModel):
    """The answer to a command: what it did to which stream. `position` is null when nothing had to change."""

    stream: str
    version: int
    position: int | None
    changed: bool
    events: list[str]


def receipt(done: Receipt) -> CommandAccepted:
    """The answer for `done`; a query may ask for at least the position in the header `X-Log-Position`."""
    if done.position is not None:
        wrote(done.position)
    return CommandAccepted(
        stream=done.stream,
        version=done.version,
        position=done.position,
        changed=done.changed,
        events=list(done.events),
    )
