"""What the JSON API answers with."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from services.reporting.figures import Figures
from services.reporting.queries import UnitFigures
from services.reporting.watermarks import SourceMark


class UnitView(BaseModel):
    unit_id: UUID
    name: str
    kind: str
    is_cell: bool
    figures: Figures

    @classmethod
    def of(cls, unit: UnitFigures) -> "UnitView":
        return cls(unit_id=unit.unit_id, name=unit.name, kind=unit.kind, is_cell=unit.is_cell, figures=unit.figures)


class MarkView(BaseModel):
    """`held`: how many keys have events that wait or are parked."""

    source: str
    reached: int
    position: int | None
    time: datetime | None
    held: int

    @classmethod
    def of(cls, mark: SourceMark) -> "MarkView":
        return cls(
            source=mark.source, reached=mark.reached, position=mark.position, time=mark.time, held=len(mark.held)
        )


class ReportView(BaseModel):
    """`known_as_of`: the position of each log that the figures rest on; give it back to get the same answer again."""

    unit: UnitView
    period: str
    hierarchy_as_of: date
    known_as_of: dict[str, int]
    provisional: bool
    incomplete: list[UUID]
    watermarks: list[MarkView]


class MonthView(BaseModel):
    """`figures`: null where the unit did not exist by the tree of `hierarchy_as_of`."""

    period: str
    hierarchy_as_of: date
    figures: Figures | None


class SeriesView(BaseModel):
    """The earliest month first; all by the same `known_as_of`, each by the tree of its own last day unless asked."""

    unit_id: UUID
    items: list[MonthView]
    known_as_of: dict[str, int]
    provisional: bool
    watermarks: list[MarkView]


class ChildrenView(BaseModel):
    items: list[UnitView]
    next: str | None


class MeetingView(BaseModel):
    """What a meeting contributes. `present_part`: missed a call that was taken, or left early."""

    meeting_id: UUID
    unit_id: UUID
    period: str
    body: str
    outcome: str
    reason: str | None
    held_on: date | None
    regular: bool
    thematic: bool
    expected: int
    present_full: int
    present_part: int
    excused: int
    unexcused: int
    unknown: int
    exempt_present: int
    unlisted_present: int
    guests: int
    discrepancies: int
    sittings: int
    minutes: int
    speakers_known: int
    speakers: int
    superior_attended: int
    with_documents: int
    self_rating: str | None
    self_points: int
    official_rating: str | None
    events: int
    input_digest: str
    facts_digest: str

    @classmethod
    def of(cls, row: dict[str, Any]) -> "MeetingView":
        digests = {name: f"{int(row[name]):x}" for name in ("input_digest", "facts_digest")}
        return cls(**{name: row[name] for name in cls.model_fields if name in row} | digests)


class MeetingsView(BaseModel):
    items: list[MeetingView]
    next: str | None


class FactView(BaseModel):
    log_id: str
    position: int
    event_id: UUID
    type: str
    recorded_at: datetime
    digest: str
    data: dict[str, Any]

    @classmethod
    def of(cls, row: dict[str, Any]) -> "FactView":
        return cls(**row | {"digest": f"{int(row['digest']):x}"})


class FactPlace(BaseModel):
    log_id: str
    position: int


class FigureView(BaseModel):
    """Where a meeting counts, and the events that this rests on; no counts and no bodies."""

    meeting_id: UUID
    unit_id: UUID
    period: str
    outcome: str
    events: int
    input_digest: str
    facts: list[FactPlace]


class FactsView(BaseModel):
    meeting: MeetingView
    items: list[FactView]
    next: str | None
