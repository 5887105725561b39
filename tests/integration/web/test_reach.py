"""How far each role reaches: own unit, subtree, assigned units, by date; over real HTTP, tokens and database."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from shared.contracts import membership as facts
from shared.contracts.membership import AssignmentKind, OfficeRole
from shared.eventstore.log import Log
from shared.service import Runtime
from tests.fixtures.province import (
    CELL_1,
    CELL_2,
    CELL_3,
    COMMUNE_A,
    COMMUNE_B,
    GRASSROOTS,
    PROVINCE,
    SUB_COMMITTEE,
    TODAY,
    Membership,
    assignment,
    identifier,
    member,
    office,
)
from tests.integration.web.conftest import Client

A_DAY = timedelta(days=1)
UNITS = {
    "province": PROVINCE,
    "commune A": COMMUNE_A,
    "commune B": COMMUNE_B,
    "grassroots": GRASSROOTS,
    "sub-committee": SUB_COMMITTEE,
    "cell 1": CELL_1,
    "cell 2": CELL_2,
    "cell 3": CELL_3,
}

# Office, and what it reads and writes. A superior's writes below its own unit are on behalf, tested apart.
OFFICES = [
    (OfficeRole.SECRETARY, "cell 1", {"cell 1"}, {"cell 1"}),
    (OfficeRole.DEPUTY_SECRETARY, "cell 2", {"cell 2"}, {"cell 2"}),
    (OfficeRole.COMMITTEE_MEMBER, "cell 3", {"cell 3"}, set()),
    (OfficeRole.COMMITTEE_MEMBER, "grassroots", {"grassroots", "sub-committee", "cell 2"}, set()),
    (OfficeRole.SECRETARY, "commune B", {"commune B", "cell 3"}, {"commune B"}),
    (OfficeRole.APPRAISER, "grassroots", {"grassroots", "sub-committee", "cell 2"}, {"grassroots"}),
    (OfficeRole.COMMUNE_OFFICE, "commune B", {"commune B", "cell 3"}, {"commune B"}),
    (OfficeRole.PROVINCE_BOARD, "province", set(UNITS), set()),
]


async def reached(client: Client, token: str, method: str) -> set[str]:
    """The units for which the answer is 200; all others have to be refused with 403."""
    answers = {}
    for name, unit_id in UNITS.items():
        if method == "GET":
            answers[name] = (await client.get(f"/notes/{unit_id}", token)).status_code
        else:
            answers[name] = (await client.post(f"/notes/{unit_id}?number=1", token)).status_code
    assert set(answers.values()) <= {200, 403}
    return {name for name, status in answers.items() if status == 200}


@pytest.mark.parametrize(("role", "of", "reads", "writes"), OFFICES)
async def test_an_office_reads_its_subtree_and_writes_its_own(
    client: Client, membership: Membership, role: OfficeRole, of: str, reads: set[str], writes: set[str]
) -> None:
    await membership.tell(office("the office", UNITS[of], role))
    token = client.issuer.for_office(identifier("the office"))
    assert await reached(client, token, "GET") == reads
    assert await reached(client, token, "POST") == writes


async def test_a_member_reads_the_own_cell_and_writes_nothing(client: Client, membership: Membership) -> None:
    await membership.tell(member("lan", CELL_1))
    token = client.issuer.for_member(identifier("lan"))
    assert await reached(client, token, "GET") == {"cell 1"}
    assert await reached(client, token, "POST") == set()


async def test_a_follower_reads_followed_units_outside_any_subtree_by_date(
    client: Client, membership: Membership
) -> None:
    await membership.tell(
        member("lan", CELL_1),
        assignment("lan", CELL_3, AssignmentKind.FOLLOWER, until=TODAY),
        assignment("lan", CELL_2, AssignmentKind.FOLLOWER, until=TODAY - A_DAY),
        assignment("lan", COMMUNE_B, AssignmentKind.FOLLOWER, since=TODAY + A_DAY),
    )
    token = client.issuer.for_member(identifier("lan"))
    assert await reached(client, token, "GET") == {"cell 1", "cell 3"}
    assert await reached(client, token, "POST") == set()


async def test_a_note_taker_writes_for_the_noted_cell_alone(client: Client, membership: Membership) -> None:
    await membership.tell(member("lan", CELL_1), assignment("lan", CELL_3, AssignmentKind.NOTE_TAKER))
    token = client.issuer.for_member(identifier("lan"))
    assert await reached(client, token, "GET") == {"cell 1", "cell 3"}
    assert await reached(client, token, "POST") == {"cell 3"}


async def test_rights_follow_todays_tree(client: Client, membership: Membership) -> None:
    await membership.tell(
        office("board B", COMMUNE_B, OfficeRole.COMMUNE_OFFICE),
        facts.UnitMoved(unit_id=CELL_1, parent_id=COMMUNE_B, effective_on=TODAY),
        facts.UnitMoved(unit_id=CELL_2, parent_id=COMMUNE_B, effective_on=TODAY + A_DAY),
    )
    token = client.issuer.for_office(identifier("board B"))
    assert await reached(client, token, "GET") == {"commune B", "cell 3", "cell 1"}


@pytest.mark.parametrize(
    ("since", "until", "problem"),
    [
        pytest.param(TODAY - 9 * A_DAY, TODAY - A_DAY, "office-not-current", id="past"),
        pytest.param(TODAY + A_DAY, None, "office-not-current", id="future"),
    ],
)
async def test_refuses_an_office_holder_outside_the_tenure(
    client: Client, membership: Membership, since: date, until: date | None, problem: str
) -> None:
    await membership.tell(office("secretary", CELL_1, OfficeRole.SECRETARY, since=since, until=until))
    answer = await client.get(f"/notes/{CELL_1}", client.issuer.for_office(identifier("secretary")))
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (403, problem)


async def test_refuses_an_office_from_the_day_after_it_ended(client: Client, membership: Membership) -> None:
    await membership.tell(office("secretary", CELL_1, OfficeRole.SECRETARY))
    token = client.issuer.for_office(identifier("secretary"))
    assert (await client.get(f"/notes/{CELL_1}", token)).status_code == 200
    await membership.tell(facts.OfficeEnded(office_id=identifier("secretary"), unit_id=CELL_1, ended_on=TODAY - A_DAY))
    assert (await client.get(f"/notes/{CELL_1}", token)).status_code == 403


@pytest.mark.usefixtures("membership")
async def test_refuses_who_is_not_known(client: Client) -> None:
    issuer = client.issuer
    strangers = {
        issuer.for_office(uuid4()): "office-unknown",
        issuer.for_member(uuid4()): "member-not-current",
        issuer.for_client("stranger"): "client-not-registered",
    }
    for token, problem in strangers.items():
        answer = await client.get(f"/notes/{CELL_1}", token)
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (403, problem)


@pytest.mark.usefixtures("membership")
@pytest.mark.parametrize(
    "claims",
    [{}, {"office_id": "x", "client_id": "y"}, {"office_id": "no-uuid"}, {"member_id": 7}, {"client_id": ["operator"]}],
)
async def test_refuses_a_token_that_does_not_name_exactly_one(client: Client, claims: dict[str, object]) -> None:
    answer = await client.get(f"/notes/{CELL_1}", client.issuer.sign({"sub": "x"} | claims))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_refuses_who_has_no_token(client: Client) -> None:
    assert (await client.get(f"/notes/{CELL_1}", None)).status_code == 401
    assert (await client.post(f"/notes/{CELL_1}?number=1", None)).status_code == 401


@pytest.mark.usefixtures("membership")
async def test_a_machine_does_what_it_is_registered_for_and_nothing_else(client: Client) -> None:
    token = client.issuer.for_client("import")
    assert (await client.post("/imports", token)).status_code == 200
    assert await reached(client, token, "GET") == set()
    assert await reached(client, token, "POST") == set()


async def test_an_unknown_unit_may_be_learned_any_moment(client: Client, membership: Membership) -> None:
    await membership.tell(office("board", PROVINCE, OfficeRole.PROVINCE_BOARD))
    await membership.tell(office("office A", COMMUNE_A, OfficeRole.COMMUNE_OFFICE))
    unknown = uuid4()
    read = await client.get(f"/notes/{unknown}", client.issuer.for_office(identifier("board")))
    written = await client.post(f"/notes/{unknown}?number=1", client.issuer.for_office(identifier("office A")))
    assert (read.status_code, written.status_code) == (404, 409)
    assert read.headers["Retry-After"] == written.headers["Retry-After"] == "2"
    assert read.json()["type"].endswith(":unit-not-yet-learned")


class TestOnBehalf:
    """A superior acts for a cell only with On-Behalf-Of, which is recorded."""

    @pytest.fixture
    async def token(self, client: Client, membership: Membership) -> str:
        await membership.tell(office("office A", COMMUNE_A, OfficeRole.COMMUNE_OFFICE))
        return client.issuer.for_office(identifier("office A"))

    async def write(self, client: Client, unit_id: UUID, token: str, behalf: object) -> tuple[int, str]:
        headers = {"On-Behalf-Of": str(behalf)} if behalf else {}
        answer = await client.post(f"/notes/{unit_id}?number=1", token, headers)
        return answer.status_code, answer.json().get("type", "").rpartition(":")[2]

    async def test_is_refused_without_saying_for_whom(self, client: Client, token: str) -> None:
        assert await self.write(client, CELL_1, token, None) == (403, "on-behalf-of-missing")

    async def test_is_recorded(self, client: Client, token: str, running: Runtime) -> None:
        assert await self.write(client, CELL_1, token, CELL_1) == (200, "")
        log: Log = running.log
        [row] = await log.read(after=0)
        assert row.metadata.on_behalf_of == str(CELL_1)
        assert row.metadata.actor == f"office:{identifier('office A')}"

    async def test_is_refused_for_another_cell_than_named(self, client: Client, token: str) -> None:
        assert await self.write(client, CELL_1, token, CELL_2) == (403, "on-behalf-of-refused")

    async def test_is_refused_outside_the_subtree(self, client: Client, token: str) -> None:
        assert await self.write(client, CELL_3, token, CELL_3) == (403, "out-of-reach")

    async def test_is_refused_for_its_own_unit(self, client: Client, token: str) -> None:
        assert await self.write(client, COMMUNE_A, token, COMMUNE_A) == (403, "on-behalf-of-refused")

    async def test_is_refused_to_who_acts_for_nobody(self, client: Client, membership: Membership) -> None:
        await membership.tell(office("secretary 1", CELL_1, OfficeRole.SECRETARY))
        secretary = client.issuer.for_office(identifier("secretary 1"))
        assert await self.write(client, CELL_1, secretary, CELL_1) == (403, "on-behalf-of-refused")
        machine = client.issuer.for_client("import")
        answer = await client.post("/imports", machine, {"On-Behalf-Of": str(CELL_1)})
        assert answer.status_code == 403

    async def test_an_appraiser_decides_below_in_its_own_name(
        self, client: Client, membership: Membership, running: Runtime
    ) -> None:
        await membership.tell(office("secretary A", COMMUNE_A, OfficeRole.SECRETARY))
        token = client.issuer.for_office(identifier("secretary A"))
        assert (await client.post(f"/decisions/{CELL_2}", token)).status_code == 200
        assert (await client.post(f"/decisions/{CELL_3}", token)).status_code == 403
        [row] = await running.log.read(after=0)
        assert row.metadata.on_behalf_of is None
