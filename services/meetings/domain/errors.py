"""Why a command on a meeting is refused. Texts are read by the person who sent it."""

from shared.decider import DomainError


class MeetingUnknown(DomainError):
    """Nobody scheduled or reported a meeting with this id."""

    problem = "meeting-unknown"
    status = 404


class MeetingExists(DomainError):
    """The id is taken by a meeting that was scheduled differently."""

    problem = "meeting-exists"


class MeetingIsWithdrawn(DomainError):
    """The meeting was recorded in error: nothing more can happen to it."""

    problem = "meeting-withdrawn"


class OutcomeMissing(DomainError):
    """Only a meeting that was held (or reported) can be followed by this."""

    problem = "outcome-missing"


class OutcomeKnown(DomainError):
    """The meeting was already reported held or not held."""

    problem = "outcome-known"


class PlanIncomplete(DomainError):
    """Parts, sittings or the plan of an unscheduled meeting are missing or repeated."""

    problem = "plan-incomplete"
    status = 422


class NotACell(DomainError):
    """A meeting of a cell is planned for a unit that is none."""

    problem = "not-a-cell"
    status = 422


class SittingsWrong(DomainError):
    """A sitting ends before it begins, lies in the future, or was never planned."""

    problem = "sittings-wrong"
    status = 422


class DocumentExists(DomainError):
    """The document id is taken by another content."""

    problem = "document-exists"


class PaperUnknown(DomainError):
    """There is no such notice, document or minutes to withdraw."""

    problem = "paper-unknown"
    status = 404


class MoreAyesThanVoters(DomainError):
    """A vote has more ayes than its base."""

    problem = "more-ayes-than-voters"
    status = 422


class NotCarried(DomainError):
    """A resolution needs more than half of the voting base: 294-QĐ/TW (26/5/2025) 9.3."""

    problem = "resolution-not-carried"
    status = 422


class ResolutionExists(DomainError):
    """The resolution id is taken, or a live resolution stands in the way."""

    problem = "resolution-exists"


class ResolutionUnknown(DomainError):
    """The meeting has no live resolution with this id."""

    problem = "resolution-unknown"
    status = 404


class SecondRegularMeeting(DomainError):
    """A cell has one live regular meeting per period."""

    problem = "second-regular-meeting"


class MoveNotAllowed(DomainError):
    """Moving a meeting to another cell takes an office of the lowest committee above both."""

    problem = "move-not-allowed"
    status = 403
