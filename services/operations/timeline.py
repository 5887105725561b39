"""From traced events to what happened, step by step: request, command, event, relay, each consumer. Pure.

A consumer keeps up to where it has read, and what it holds, but no time of each event: that is said, not made up.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from services.operations.overview import Consumer, HeldKey, Overview
from services.operations.queries import Traced

INDEX = "operations.trace"
Key = TypeVar("Key")


class State(StrEnum):
    """What a consumer has made of an event."""

    APPLIED = "applied"
    WAITING = "waiting"
    PARKED = "parked"
    BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class Taken:
    """What one consumer that declares the type made of an event; `answers`: the commands that it gave for it."""

    service: str
    consumer: str
    state: State
    held: HeldKey | None
    answers: Sequence[Traced]


@dataclass(frozen=True, slots=True)
class Step:
    """An event and what became of it. `takers`: consumers whose service answers."""

    event: Traced
    takers: Sequence[Taken]


@dataclass(frozen=True, slots=True)
class Command:
    """All events of one command. `decided_at`: by its first event's id, which is made then; None for other ids."""

    command_id: UUID
    decided_at: datetime | None
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, or the reaction of a consumer (`cause`: the event that it answers), and the commands it became."""

    first: Traced
    cause: Traced | None
    commands: Sequence[Command]

    @property
    def is_reaction(self) -> bool:
        return self.first.causation_id is not None


def timeline(events: Sequence[Traced], seen: Overview) -> Sequence[Asked]:
    """`events` in the order of recording, grouped by who asked for them."""
    answers: dict[UUID, list[Traced]] = {}
    for event in events:
        if event.causation_id is not None:
            answers.setdefault(event.causation_id, []).append(event)
    by_id = {event.event_id: event for event in events}
    return [_asked(part, by_id, answers, seen) for part in _together(events, _request)]


def _together(events: Sequence[Traced], key: Callable[[Traced], Key]) -> Sequence[Sequence[Traced]]:
    """Events with the same key, in the order of the first of each: requests of one meeting overlap."""
    groups: dict[Key, list[Traced]] = {}
    for event in events:
        groups.setdefault(key(event), []).append(event)
    return list(groups.values())


def _request(event: Traced) -> tuple[UUID, UUID | None, str]:
    return event.correlation_id, event.causation_id, event.actor


def _asked(
    part: Sequence[Traced],
    by_id: Mapping[UUID, Traced],
    answers: Mapping[UUID, Sequence[Traced]],
    seen: Overview,
) -> Asked:
    first = part[0]
    commands = [
        Command(
            command[0].command_id,
            decided_at(command[0].event_id),
            [Step(event, list(_takers(event, answers, seen))) for event in command],
        )
        for command in _together(part, lambda event: event.command_id)
    ]
    return Asked(first, by_id.get(first.causation_id) if first.causation_id else None, commands)


def decided_at(event_id: UUID) -> datetime | None:
    """When an event's id was made: the first 48 bits of a UUIDv7 are milliseconds."""
    return datetime.fromtimestamp((event_id.int >> 80) / 1000, UTC) if event_id.version == 7 else None


def _takers(event: Traced, answers: Mapping[UUID, Sequence[Traced]], seen: Overview) -> Iterator[Taken]:
    for service in seen.services:
        for consumer in service.consumers:
            if consumer.name == INDEX or event.type not in consumer.types:
                continue
            reached = _reached(consumer, event)
            if reached is None:
                continue
            held = _held(event, service.service, consumer.name, seen.held)
            state = State(held.state) if held else State.APPLIED if reached >= event.position else State.BEHIND
            given = [it for it in answers.get(event.event_id, ()) if it.actor == f"service:{consumer.name}"]
            yield Taken(service.service, consumer.name, state, held, given)


def _reached(consumer: Consumer, event: Traced) -> int | None:
    """How far the consumer is on the event's partition (0: nothing yet); None if it does not read this log."""
    for source in consumer.sources:
        if source.log_id == event.log_id:
            return next((at.position for at in source.partitions if at.partition == event.partition), 0)
    return None


def _held(event: Traced, service: str, consumer: str, held: Sequence[HeldKey]) -> HeldKey | None:
    for key in held:
        if (key.service, key.consumer, key.log_id, key.key) == (service, consumer, event.log_id, event.key):
            return key if key.first_position is not None and key.first_position <= event.position else None
    return None
