"""Why a command on a roll call is refused. Texts are read by the person who sent it."""

from shared.decider import DomainError


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


class AbsenceUnknown(DomainError):
    """There is no explained absence to withdraw."""

    problem = "absence-unknown"
    status = 404


class WayWrong(DomainError):
    """A late entry is from paper, an import or an offline device, never live."""

    problem = "way-wrong"
    status = 422
