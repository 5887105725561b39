"""Why a command on a criteria set or a score is refused. Texts are read by the person who sent it."""

from shared.decider import DomainError, NotYetLearned


class CriteriaInconsistent(DomainError):
    """Options, points, bands and totals of the set do not fit together; the text lists every place."""

    problem = "criteria-inconsistent"
    status = 422


class CriteriaOfAnotherUnit(DomainError):
    """A set's code belongs to the committee that published it first."""

    problem = "criteria-of-another-unit"


class CriteriaUnknown(DomainError):
    """There is no such criteria set, or no such revision of it."""

    problem = "criteria-unknown"
    status = 404


class ChoiceWrong(DomainError):
    """A choice names an unknown item or option, is missing, or concerns an item that is not scored this time."""

    problem = "choice-wrong"
    status = 422


class PointsOverMaximum(DomainError):
    """More points than the item or the scale has."""

    problem = "points-over-maximum"
    status = 422


class ContradictsFacts(DomainError):
    """The recorded meeting and roll call give another option than the one chosen."""

    problem = "choice-contradicts-facts"
    status = 422


class NotScored(DomainError):
    """The meeting has no self-score."""

    problem = "not-scored"


class VoteStands(DomainError):
    """The cell voted on the self-score: the vote goes first."""

    problem = "vote-stands"


class RatingStands(DomainError):
    """The committee decided on the self-score: its rating goes first."""

    problem = "rating-stands"


class MoreAyesThanVoters(DomainError):
    """A vote has more ayes than its base."""

    problem = "more-ayes-than-voters"
    status = 422


class NothingToWithdraw(DomainError):
    """There is no such vote or rating."""

    problem = "nothing-to-withdraw"


class RatingWrong(DomainError):
    """The rating is not one of the set's bands, or the total is of another band."""

    problem = "rating-wrong"
    status = 422


class MeetingNotYetLearned(NotYetLearned):
    """The meeting is not known to evaluation; it may have been recorded a moment ago."""

    problem = "meeting-not-yet-learned"

    def __init__(self, *, status: int = 409) -> None:
        super().__init__("Chưa biết kỳ sinh hoạt này; nếu vừa ghi nhận, hãy thử lại sau giây lát.")
        self.status = status


class CriteriaNotYetLearned(NotYetLearned):
    """No criteria set is known that applies; it may have been published a moment ago."""

    problem = "criteria-not-yet-learned"


class MeetingNotHeld(DomainError):
    """Only a held meeting of a cell is scored. What was held a moment ago may not have arrived yet."""

    problem = "meeting-not-held"
    retry_after = 2


class NotTheDecidingCommittee(DomainError):
    """The official rating is decided by the nearest committee above the cell that may decide ratings."""

    problem = "not-the-deciding-committee"
    status = 403
