"""The streams of membership. Each takes several commands as one decision: all of them happen, or none."""

from services.membership.domain.assignment import ASSIGNMENT
from services.membership.domain.member import MEMBER
from services.membership.domain.office import OFFICE
from services.membership.domain.unit_tree import UNIT_TREE
from shared.contracts import membership as events
from shared.contracts.event import EventTypes, declared_in
from shared.decider import together
from shared.eventstore.command_handler import Aggregate

TYPES = EventTypes(declared_in(events))

TREES = Aggregate(decider=together(UNIT_TREE), types=TYPES)
OFFICES = Aggregate(decider=together(OFFICE), types=TYPES)
ASSIGNMENTS = Aggregate(decider=together(ASSIGNMENT), types=TYPES)
MEMBERS = Aggregate(decider=together(MEMBER), types=TYPES)
