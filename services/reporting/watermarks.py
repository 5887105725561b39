"""How complete each source is here: what has been received, up to where everything was seen, and what is held back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.reporting.facts import SOURCES
from services.reporting.known import MEMBERSHIP, KnownAsOf
from services.reporting.queries import Scope
from shared.messaging.store import KeyOf, Place, Position, Store, Watermark

# Which consumer's progress says how complete a source is: the tree comes from the directory.
CONSUMERS = {MEMBERSHIP: "directory", **dict.fromkeys(SOURCES, "reporting.facts")}


@dataclass(frozen=True, slots=True)
class SourceMark:
    """`reached`: the highest position received. `position` and `time`: everything up to there was seen; None: not yet.

    `held`: keys of which events wait or are parked. A key is a cell's id, or the tree's, or a member's.
    """

    source: str
    reached: int
    position: int | None
    time: datetime | None
    held: tuple[str, ...]


async def read_marks(store: Store) -> Sequence[SourceMark]:
    """One per source, the tree first."""
    consumers = sorted(set(CONSUMERS.values()))
    positions = {consumer: await store.positions(consumer) for consumer in consumers}
    held = {consumer: [key.of for _, key in await store.held_keys(consumer)] for consumer in consumers}
    return [
        _mark(source, positions[consumer], await store.watermark(consumer, source), held[consumer])
        for source, consumer in CONSUMERS.items()
    ]


def _mark(
    source: str, positions: Mapping[Place, Position], passed: Watermark | None, held: Sequence[KeyOf]
) -> SourceMark:
    return SourceMark(
        source=source,
        reached=max((at.position for place, at in positions.items() if place.log_id == source), default=0),
        position=passed.position if passed else None,
        time=passed.time if passed else None,
        held=tuple(sorted({key.key for key in held if key.log_id == source})),
    )


def held_cells(marks: Sequence[SourceMark]) -> Sequence[UUID]:
    """Cells whose facts are held back. A held key of the tree or a member holds no fact."""
    return [UUID(key) for mark in marks if mark.source in SOURCES for key in mark.held if _is_uuid(key)]


def is_provisional(marks: Sequence[SourceMark], known_as_of: KnownAsOf, scope: Scope) -> bool:
    """Whether something not yet seen may still belong to the answer: a source has not passed the time or position.

    Of everything known now nothing is missing by definition, unless a source has never been seen completely.
    """
    if known_as_of.moment is not None:
        return any(mark.time is None or mark.time < known_as_of.moment for mark in marks)
    if scope.known is not None:
        return any((mark.position or 0) < scope.known.get(mark.source, 0) for mark in marks)
    return any(mark.position is None for mark in marks)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
