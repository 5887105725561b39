"""What is known when a file is compared: the tree, the members whom its codes name, the recorded tenures."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from services.membership import queries
from services.membership.aggregates import TREES
from services.membership.domain import assignment, member, office
from services.membership.domain.assignment import ASSIGNMENT, Assignment
from services.membership.domain.member import MEMBER, Member
from services.membership.domain.office import OFFICE, Office
from services.membership.domain.tree_state import Tree
from services.membership.domain.unit_tree import STREAM
from services.membership.imports.identity import KnownMember, Person, code_hash
from services.membership.settings import MembershipSettings
from shared.eventstore.texts import read_texts
from shared.service import Runtime


class Registry:
    """Looks up what a plan needs, all of it from the service's own log: no projection, no lag."""

    def __init__(self, runtime: Runtime, settings: MembershipSettings) -> None:
        self.runtime = runtime
        self.settings = settings
        self._secret = settings.identity_secret.get_secret_value().encode()

    async def tree(self) -> Tree:
        tree, _ = await self.runtime.handler(TREES).state(STREAM)
        return tree

    async def members(self, system: str, codes: Iterable[str]) -> dict[str, KnownMember]:
        """Members by outer code; one whose id was only reserved has no cell yet."""
        hashes = {code_hash(self._secret, system, code): code for code in codes}
        ids = await queries.identities(self.runtime.pool, hashes)
        folded = await queries.states(
            self.runtime.pool, MEMBER, [member.stream(member_id) for member_id in ids.values()]
        )
        people = await self._people(folded.values())
        known = {}
        for hashed, member_id in ids.items():
            state = folded.get(member.stream(member_id), MEMBER.initial)
            known[hashes[hashed]] = KnownMember(member_id, state, people.get(state.person) if state.person else None)
        return known

    async def reserve(self, system: str, wanted: Mapping[str, UUID]) -> bool:
        """Gives the codes their member ids; false if another file gave one of them another id first."""
        hashed = {code_hash(self._secret, system, code): member_id for code, member_id in wanted.items()}
        await queries.reserve_identities(self.runtime.pool, hashed)
        return await queries.identities(self.runtime.pool, hashed) == hashed

    def member_hash(self, system: str, code: str) -> bytes:
        """As the tables keep a member's outer code."""
        return code_hash(self._secret, system, code)

    def body_hash(self, plain_hash: str | None) -> bytes:
        """Of a request's body. It is kept, so it is keyed: a name could be guessed back from a plain one."""
        return code_hash(self._secret, "body", plain_hash or "")

    async def offices(self, office_ids: Sequence[UUID]) -> dict[UUID, Office]:
        found = await queries.states(self.runtime.pool, OFFICE, [office.stream(office_id) for office_id in office_ids])
        return {known: found[office.stream(known)] for known in office_ids if office.stream(known) in found}

    async def assignments(self, assignment_ids: Sequence[UUID]) -> dict[UUID, Assignment]:
        streams = [assignment.stream(assignment_id) for assignment_id in assignment_ids]
        found = await queries.states(self.runtime.pool, ASSIGNMENT, streams)
        return {known: found[stream] for known, stream in zip(assignment_ids, streams, strict=True) if stream in found}

    async def _people(self, members: Iterable[Member]) -> dict[UUID, Person]:
        """Persons by the id of their text; the erased are missing."""
        wanted = [state.person for state in members if state.person]
        texts = await read_texts(self.runtime.pool, wanted)
        return {text_id: Person.from_text(body) for text_id, body in texts.items()}
