"""What the system itself knows about a meeting, and which option of an item follows from it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from shared.contracts.evaluation import Item, Measure, Option, RequiredDuration


@dataclass(frozen=True, slots=True)
class MeetingFacts:
    """From the meeting and its roll call; None where nothing was recorded.

    `members`: strength of the cell (đảng số), guests on a temporary stay left out. `expected`, `present`, `unexcused`
    count the roster's expected rows; `attended` everybody who came, the exempt too. `longest_excused_run`: excused
    absences in a row this year, up to this meeting, of the member who has most.
    """

    thematic_part: bool
    has_committee: bool
    minutes: int | None = None
    members: int | None = None
    expected: int | None = None
    present: int | None = None
    unexcused: int | None = None
    attended: int | None = None
    speakers: int | None = None
    longest_excused_run: int | None = None


def required_minutes(durations: Sequence[RequiredDuration], facts: MeetingFacts) -> int | None:
    """The longest duration that applies; None without a rule, or when the strength that decides is not known."""
    if facts.members is None and any(rule.from_members for rule in durations):
        return None
    members = facts.members or 0
    matching = [
        rule.minutes
        for rule in durations
        if members >= rule.from_members and (facts.thematic_part or not rule.with_thematic_part)
    ]
    return max(matching, default=None)


def derived_option(item: Item, durations: Sequence[RequiredDuration], facts: MeetingFacts) -> Option | None:
    """The option that the facts give; None where they do not decide. Overrides come before ranges."""
    for override in item.overrides:
        if OVERRIDES[override.when](durations, facts):
            return next(option for option in item.options if option.code == override.option)
    if item.measure is None:
        return None
    value = _MEASURES[item.measure](durations, facts)
    return None if value is None else next(option for option in item.options if _contains(option, value))


def _contains(option: Option, value: Fraction) -> bool:
    if option.at_least is None and option.below is None:
        return False
    return (option.at_least is None or Fraction(option.at_least) <= value) and (
        option.below is None or value < Fraction(option.below)
    )


def _shortfall(durations: Sequence[RequiredDuration], facts: MeetingFacts) -> Fraction | None:
    required = required_minutes(durations, facts)
    if required is None or facts.minutes is None:
        return None
    return Fraction(max(0, required - facts.minutes))


def _duration_percent(durations: Sequence[RequiredDuration], facts: MeetingFacts) -> Fraction | None:
    return _percent(facts.minutes, required_minutes(durations, facts))


def _percent(part: int | None, whole: int | None) -> Fraction | None:
    """Exact, because 49.999 % is not 50 %; None of nothing."""
    return None if part is None or not whole else Fraction(100 * part, whole)


def _run(facts: MeetingFacts) -> Fraction | None:
    return None if facts.longest_excused_run is None else Fraction(facts.longest_excused_run)


_Derivation = Callable[[Sequence[RequiredDuration], MeetingFacts], Fraction | None]

_MEASURES: Mapping[Measure, _Derivation] = {
    Measure.DURATION_SHORTFALL_MINUTES: _shortfall,
    Measure.DURATION_RATIO_PERCENT: _duration_percent,
    Measure.ATTENDANCE_PERCENT: lambda _, facts: _percent(facts.present, facts.expected),
    Measure.SPEAKERS_PERCENT: lambda _, facts: _percent(facts.speakers, facts.attended),
    # Nothing records yet whether a resolution's targets were reached: the cell answers itself.
    Measure.TARGETS_DONE_PERCENT: lambda _, __: None,
    Measure.LONGEST_EXCUSED_RUN: lambda _, facts: _run(facts),
}


def _under_half(durations: Sequence[RequiredDuration], facts: MeetingFacts) -> bool:
    percent = _duration_percent(durations, facts)
    return percent is not None and percent < 50


# Facts that force an option whatever its ranges say; a criteria set names them by code.
OVERRIDES: Mapping[str, Callable[[Sequence[RequiredDuration], MeetingFacts], bool]] = {
    "any_unexcused_absence": lambda _, facts: bool(facts.unexcused),
    "under_half_of_required_duration": _under_half,
}
