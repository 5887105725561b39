"""Events of `evaluation`: criteria sets as data, the cell's self-score and vote, the committee's official rating.

Key: catalogue events share one; a score's events have the meeting's unit as key. Stream `score-<meeting id>`.
"""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import Field

from shared.contracts.event import Event
from shared.contracts.fields import Citation, Code, Count, OfficialName, Period, Points, Value

CATALOGUE_KEY = "criteria"


class Condition(StrEnum):
    """When an item is scored; otherwise it gives `otherwise` (full marks or nothing), so the scale never shrinks."""

    ALWAYS = "always"
    THEMATIC_PART = "thematic_part"
    NO_THEMATIC_PART = "no_thematic_part"
    HAS_COMMITTEE = "has_committee"


class Measure(StrEnum):
    """What an option's range is measured on, when the system can derive it."""

    DURATION_SHORTFALL_MINUTES = "duration_shortfall_minutes"
    DURATION_RATIO_PERCENT = "duration_ratio_percent"
    ATTENDANCE_PERCENT = "attendance_percent"
    SPEAKERS_PERCENT = "speakers_percent"
    TARGETS_DONE_PERCENT = "targets_done_percent"
    LONGEST_EXCUSED_RUN = "longest_excused_run"


class Override(Value):
    """A coded fact that forces an option whatever the range says ("below 65 % OR any unexcused absence")."""

    when: Code
    option: Code


class Option(Value):
    """One graded answer; [`at_least`, `below`) of the item's measure where it can be derived."""

    code: Code
    name: OfficialName
    points: Points
    at_least: Points | None = None
    below: Points | None = None


class Item(Value):
    """A scored line: choose one of `options`; all-or-nothing is two of them, full and zero.

    Without options any points from 0 to `points` may be given: a frame leaves grading to the competent committee.
    """

    code: Code
    name: OfficialName
    points: Points
    options: tuple[Option, ...]
    condition: Condition = Condition.ALWAYS
    otherwise_full: bool = True
    measure: Measure | None = None
    overrides: tuple[Override, ...] = ()


class Group(Value):
    code: Code
    name: OfficialName
    points: Points
    items: tuple[Item, ...]


class Band(Value):
    """A rating from `at_least` points up to the next band: Tốt 90, Khá 70, Trung bình 50, Kém 0 in HD 42."""

    rating: Code
    name: OfficialName
    at_least: Points


class RequiredDuration(Value):
    """Minutes that a meeting must last; the largest that applies counts.

    HD 42: 90, and 120 with a thematic part; An Phú ward: 90, and 120 from 30 members on.
    """

    minutes: Count
    from_members: Count = 0
    with_thematic_part: bool = False


class CriteriaSetPublished(Event):
    """A complete scoring table, valid from a day for meetings of `unit_id`'s subtree with the given parts.

    Per meeting type and per committee: Nghệ An 27-QĐ/TU (30/10/2023) has separate regular and thematic forms.
    """

    criteria_set: Code
    revision: int
    name: OfficialName
    unit_id: UUID
    valid_from: date
    scale: Points
    source: Citation
    for_parts: tuple[Code, ...] = Field(default=("regular", "thematic"))
    groups: tuple[Group, ...]
    bands: tuple[Band, ...]
    durations: tuple[RequiredDuration, ...] = ()


class CriteriaSetWithdrawn(Event):
    """The revision was published in error (another day, other items): no later score uses it.

    Scores that were made with it stand and name it. Its number is never given again.
    """

    criteria_set: Code
    revision: int
    reason: Code


class ScoredItem(Value):
    """The option chosen for an item and the points that it gave.

    Without option: the item's condition was not met, or the item has no options and the points were given freely.
    """

    item: Code
    option: Code | None
    points: Points


class EvaluationScored(Event):
    """The cell scored its own meeting (tự chấm) with a criteria set. A second one replaces the first."""

    meeting_id: UUID
    unit_id: UUID
    period: Period
    criteria_set: Code
    revision: int
    items: tuple[ScoredItem, ...]
    total: Points
    rating: Code


class SelfScoreVoted(Event):
    """The cell voted on its self-score: ayes of the voting base (HD 42; 294-QĐ/TW (26/5/2025) 9.3)."""

    meeting_id: UUID
    rating: Code
    ayes: Count
    base: Count


class RatingDecided(Event):
    """The direct superior committee decided the official rating (HD 42). A second one replaces the first."""

    meeting_id: UUID
    unit_id: UUID
    period: Period
    decided_by: UUID
    rating: Code
    total: Points | None = None
    reason: Code | None = None


class ScoreWithdrawn(Event):
    """The self-score was recorded in error; its vote falls with it."""

    meeting_id: UUID
    reason: Code


class VoteWithdrawn(Event):
    """The vote was recorded in error."""

    meeting_id: UUID
    reason: Code


class RatingWithdrawn(Event):
    """The official rating was recorded in error; the meeting awaits a rating again."""

    meeting_id: UUID
    reason: Code
