"""Events and appends for tests of a log, with everything that the rule under test does not care about filled in."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from shared.contracts.emission import Emission
from shared.contracts.envelope import Metadata, RecordedEvent
from shared.contracts.event import Event
from shared.eventstore import Append, Claim, Release, Text


class Noted(Event):
    """An event of these tests alone: it may hold any string, which a real one may not."""

    text: str


class Reworded(Event):
    """Version 1 called its word `old`."""

    schema_version = 2
    new: str


EMISSION = Emission([Noted, Reworded], {("Reworded", 2): lambda body: {"old": body["new"]}})
METADATA = Metadata(correlation_id=UUID(int=1), actor="office:tests", body_hash="0" * 64)


def append_of(
    *texts: str,
    stream: str = "note-1",
    version: int = 0,
    key: str = "key",
    command: UUID | None = None,
    erasable: Sequence[Text] = (),
    claims: Sequence[Claim | Release] = (),
) -> Append:
    return Append(
        stream=stream,
        expected_version=version,
        key=key,
        command_id=command or uuid4(),
        events=tuple(Noted(text=text) for text in texts or ("noted",)),
        metadata=METADATA,
        texts=tuple(erasable),
        claims=tuple(claims),
    )


def texts_of(rows: Sequence[RecordedEvent]) -> list[str]:
    return [Noted.model_validate_json(row.data).text for row in rows]
