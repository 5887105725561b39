"""Who asks, why, and under which id: what a command carries besides itself."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from shared.contracts.envelope import Metadata, RecordedEvent

# Fixed for ever: a repeated request must give the id that the log already holds.
COMMANDS = UUID("5c1f2c6e-6f0b-5d0e-9a53-1f6f0b6d7a11")
REACTIONS = UUID("a3c1a4de-2b57-5f0c-8a6c-7d5a5a0f3e42")


@dataclass(frozen=True, slots=True)
class Context:
    """Made from a request or a received event.

    `metadata.body_hash`: the keyed hash of the body, if there is one. `plain_hash`: without a key, which is recorded
    nowhere, as it could be guessed back; version 0.1.0 recorded it.
    """

    command_id: UUID
    metadata: Metadata
    plain_hash: str | None = None

    def recorded(self, rows: Sequence[RecordedEvent]) -> bool:
        """Whether `rows` of this command's id are of a request with the same body."""
        return rows[0].metadata.body_hash in {self.metadata.body_hash, self.plain_hash or self.metadata.body_hash}

    def part(self, name: str) -> "Context":
        """The context of one of several appends of the same request, the same again when the request is repeated."""
        return replace(self, command_id=uuid5(self.command_id, f"part:{name}"))

    def new_id(self, name: str) -> UUID:
        """An id for something that the client left unnamed, the same again when the request is repeated."""
        return uuid5(self.command_id, f"id:{name}")


def command_id(subject: str, route: str, idempotency_key: str) -> UUID:
    """The id of a user's or machine's command: its Idempotency-Key, within its subject and route."""
    return uuid5(COMMANDS, json.dumps([subject, route, idempotency_key]))


def reaction_context(consumer: str, cause: RecordedEvent, n: int = 0) -> Context:
    """The context of the `n`th command with which `consumer` answers the event `cause`.

    Without a body hash: a reaction that later code would word differently is still the same reaction.
    """
    identity = uuid5(REACTIONS, json.dumps([consumer, str(cause.event_id), n]))
    metadata = Metadata(
        correlation_id=cause.metadata.correlation_id,
        actor=f"service:{consumer}",
        causation_id=cause.event_id,
        traceparent=cause.metadata.traceparent,
    )
    return Context(identity, metadata)
