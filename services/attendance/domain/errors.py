"""Why a command on a roll call is refused. Texts are read by the person who sent it."""

from shared.decider import DomainError, NotYetLearned


class RollCallUnknown(DomainError):
    """No roster was drawn for this meeting yet."""

    problem = "roll-call-unknown"
    status = 404


class CallNotOpen(DomainError):
    """The roll call has not begun."""

    problem = "roll-call-not-open"


class CallClosed(DomainError):
    """The roll call ended: what comes now is a late entry."""

    problem = "roll-call-closed"


class NotOnRoster(DomainError):
    """Someone who is not on the meeting's roster."""

    problem = "not-on-roster"
    status = 422


class Contradiction(DomainError):
    """The same member present and absent, or gone without having come."""

    problem = "presence-contradiction"
    status = 422


class CheckInUnknown(DomainError):
    """There is no such check-in to withdraw."""

    problem = "check-in-unknown"
    status = 404


class DepartureUnknown(DomainError):
    """There is no such departure to withdraw."""

    problem = "departure-unknown"
    status = 404


class AbsenceUnknown(DomainError):
    """There is no explained absence to withdraw."""

    problem = "absence-unknown"
    status = 404


class PresenceRuleUnknown(DomainError):
    """The committee decided no presence rule that holds from this day."""

    problem = "presence-rule-unknown"
    status = 404


class WayWrong(DomainError):
    """A late entry is from paper, an import or an offline device, never live."""

    problem = "way-wrong"
    status = 422


class MeetingNotYetLearned(NotYetLearned):
    """The meeting is not known to attendance; it may have been scheduled a moment ago."""

    problem = "meeting-not-yet-learned"


class MemberNotYetLearned(NotYetLearned):
    """Membership has told attendance of no such member; one who was admitted a moment ago may be on the way."""

    problem = "member-not-yet-learned"


class NoRollCallFor(DomainError):
    """A roll call belongs to a cell's meeting that is planned or was held."""

    problem = "no-roll-call-for-meeting"


class SittingUnknown(DomainError):
    """The meeting has no such sitting, or several, so that one has to be named."""

    problem = "sitting-unknown"
    status = 422
