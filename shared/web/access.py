"""Access: every endpoint is closed unless it declares `allow(...)` (or `open_to_all`), and a caller reaches only units
that its roles reach today. Usage:

    SCHEDULE = allow({Role.SECRETARY: Reach.OWN_UNIT, Role.COMMUNE_OFFICE: Reach.SUBTREE})

    async def schedule(caller: Annotated[Caller, SCHEDULE], ...):
        await caller.require(cell_id)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Protocol
from uuid import UUID

from fastapi import Depends, Request, params

from shared.decider import NotYetLearned
from shared.web.identity import Identity, identify
from shared.web.problems import Refused
from shared.web.roles import Grant, Reach, Role

__all__ = [
    "READ",
    "READERS",
    "Caller",
    "Grant",
    "OutOfReach",
    "Reach",
    "Role",
    "Rule",
    "allow",
    "open_to_all",
]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# Who acts *for* a unit below its own, and so has to say for which, which is recorded. The others
# that reach below (an appraiser who rates a meeting) give their own office's command.
ACTS_ON_BEHALF = frozenset({Role.COMMUNE_OFFICE})


class RoleNotAllowed(Refused):
    """None of the caller's roles opens this endpoint."""

    problem = "role-not-allowed"
    status = 403


class OutOfReach(Refused):
    """The unit is not one that the caller's roles reach today."""

    problem = "out-of-reach"
    status = 403


class OnBehalfMissing(Refused):
    """A superior acts for a cell and has to say so in the header On-Behalf-Of."""

    problem = "on-behalf-of-missing"
    status = 403


class OnBehalfRefused(Refused):
    """On-Behalf-Of names another unit than the one acted on, or the caller acts for nobody."""

    problem = "on-behalf-of-refused"
    status = 403


class UnitNotYetLearned(NotYetLearned):
    """The unit is not in this service's directory; it may have been registered a moment ago."""

    problem = "unit-not-yet-learned"

    def __init__(self, unit_id: UUID, *, status: int) -> None:
        super().__init__(f"Chưa biết tổ chức {unit_id}; nếu vừa được lập, hãy thử lại sau giây lát.")
        self.status = status


class Tree(Protocol):
    """What access asks the directory: today's tree."""

    async def is_within(self, unit_id: UUID, ancestor_id: UUID, on: date) -> bool: ...
    async def knows(self, unit_id: UUID) -> bool: ...
    async def reached(self, unit_ids: Sequence[UUID], tops: Sequence[UUID], on: date) -> dict[UUID, bool]: ...


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, with those of its roles that open this endpoint. `actor` is what events record."""

    subject: str
    actor: str
    grants: tuple[Grant, ...]
    on: date
    behalf: UUID | None
    writes: bool
    rights: Mapping[Role, Reach]
    tree: Tree

    @property
    def unit_id(self) -> UUID | None:
        """The unit of the caller's office or membership; None for machines and operators."""
        return next((grant.unit_id for grant in self.grants if grant.unit_id), None)

    def has(self, *roles: Role) -> bool:
        """Whether one of `roles` is among those that open this endpoint for the caller."""
        return any(grant.role in roles for grant in self.grants)

    async def roles_at(self, unit_id: UUID) -> set[tuple[Role, bool]]:
        """The roles that reach `unit_id`, each with whether it is held in that unit itself."""
        return {(grant.role, grant.unit_id == unit_id) for grant in await self._reaching(unit_id)}

    async def reaches(self, unit_id: UUID) -> bool:
        """Whether a role reaches `unit_id`, before asking on whose behalf."""
        return bool(await self._reaching(unit_id))

    async def reach_of(self, unit_ids: Sequence[UUID]) -> Mapping[UUID, bool]:
        """Whether each is reached, of those that exist today: what stood below on another day may stand elsewhere."""
        if any(self.rights[grant.role] is Reach.SYSTEM for grant in self.grants):
            return dict.fromkeys(unit_ids, True)
        tops = [grant.unit_id for grant in self.grants if grant.unit_id and self.rights[grant.role] is Reach.SUBTREE]
        own = {grant.unit_id for grant in self.grants}
        found = await self.tree.reached(unit_ids, tops, self.on)
        return {unit_id: below or unit_id in own for unit_id, below in found.items()}

    async def require(self, unit_id: UUID) -> None:
        """Passes if the caller may do this for `unit_id`; raises a 403 problem, or says that the unit is unknown."""
        reaching = await self._reaching(unit_id)
        if not reaching:
            if not await self.tree.knows(unit_id):
                raise UnitNotYetLearned(unit_id, status=409 if self.writes else 404)
            raise OutOfReach(f"Tổ chức {unit_id} không thuộc phạm vi được giao của đồng chí hôm nay.")
        if self.writes:
            self._check_behalf(unit_id, reaching)

    def _check_behalf(self, unit_id: UUID, reaching: list[Grant]) -> None:
        for_itself = any(grant.role not in ACTS_ON_BEHALF or grant.unit_id == unit_id for grant in reaching)
        if self.behalf is None:
            if for_itself:
                return
            raise OnBehalfMissing(f"Nhập thay chi bộ phải ghi tiêu đề On-Behalf-Of: {unit_id}.")
        if for_itself or self.behalf != unit_id:
            raise OnBehalfRefused(f"On-Behalf-Of chỉ dùng khi nhập thay, và phải là {unit_id}.")

    async def _reaching(self, unit_id: UUID) -> list[Grant]:
        return [grant for grant in self.grants if await self._within(grant, unit_id)]

    async def _within(self, grant: Grant, unit_id: UUID) -> bool:
        reach = self.rights[grant.role]
        if reach is Reach.SYSTEM:
            return grant.unit_id is None
        if grant.unit_id is None:
            return False
        if grant.unit_id == unit_id:
            return True
        return reach is Reach.SUBTREE and await self.tree.is_within(unit_id, grant.unit_id, self.on)


class Rule:
    """The rule of one or more endpoints, as a dependency that gives the `Caller`."""

    def __init__(self, rights: Mapping[Role, Reach]) -> None:
        self.rights = dict(rights)

    async def __call__(self, request: Request, identity: Annotated[Identity, Depends(identify)]) -> Caller:
        grants = tuple(grant for grant in identity.grants if grant.role in self.rights)
        if not grants:
            raise RoleNotAllowed("Vai trò của đồng chí không được mở chức năng này.")
        # Here too, not only in `require`: what is recorded must be checked even where no unit is compared.
        if identity.behalf and not any(grant.role in ACTS_ON_BEHALF for grant in grants):
            raise OnBehalfRefused("On-Behalf-Of chỉ dành cho văn phòng cấp trên nhập thay chi bộ.")
        return Caller(
            subject=identity.subject,
            actor=identity.actor,
            grants=grants,
            on=identity.on,
            behalf=identity.behalf,
            writes=request.method not in SAFE_METHODS,
            rights=self.rights,
            tree=request.app.state.runtime.directory,
        )


def allow(rights: Mapping[Role, Reach]) -> params.Depends:
    """Opens an endpoint to roles, each as far as its reach. The handler still has to `require` the unit."""
    return params.Depends(Rule(rights))


async def everyone() -> None:
    """The rule of an endpoint that shows nothing about anybody: health, the login page."""


# For routes that need no caller: `dependencies=[open_to_all]`.
open_to_all = params.Depends(everyone)

# Reads: own subtree, and units one is assigned to, by date (docs/adr/0031).
READERS: Mapping[Role, Reach] = {
    Role.MEMBER: Reach.OWN_UNIT,
    Role.SECRETARY: Reach.SUBTREE,
    Role.NOTE_TAKER: Reach.ASSIGNED,
    Role.CELL_COMMITTEE: Reach.SUBTREE,
    Role.FOLLOWER: Reach.ASSIGNED,
    Role.COMMUNE_OFFICE: Reach.SUBTREE,
    Role.APPRAISER: Reach.SUBTREE,
    Role.PROVINCE_BOARD: Reach.SUBTREE,
}
READ = allow(READERS)
OPERATE = allow({Role.OPERATOR: Reach.SYSTEM})
READ_OR_OPERATE = allow({**READERS, Role.OPERATOR: Reach.SYSTEM})
