"""Who acted, as a role: of an office, a registered machine, a member or a service that reacted. Never a name."""

from collections.abc import Mapping

from shared.contracts.membership import OfficeRole
from shared.web.roles import Role, office_role
from shared.web.runtime import RegisteredClient

# A consumer's command: nobody's role.
REACTION = "service"


def role_of(
    actor: str, office: str | None, *, of_cell: bool | None, clients: Mapping[str, RegisteredClient]
) -> str | None:
    """The role behind `actor`; None if nobody here knows it (an office that has not been learned, a former machine).

    `office`: the office's role as the directory has it, `of_cell` whether its unit is a cell.
    """
    kind, _, name = actor.partition(":")
    match kind:
        case "office" if office is not None and of_cell is not None:
            return office_role(OfficeRole(office), of_cell=of_cell)
        case "client" if name in clients:
            return clients[name].role
        case "member":
            return Role.MEMBER
        case "service":
            return REACTION
        case _:
            return None
