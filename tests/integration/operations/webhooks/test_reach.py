"""Who gets which event: a unit those of itself and all below it, by the tree as it was before a change and after it."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.operations.webhooks.projections import DirectoryBehind, WebhookQueue
from shared.contracts import membership as facts
from shared.contracts.evaluation import CATALOGUE_KEY, CriteriaSetWithdrawn
from shared.contracts.event import Event, UndecodableEvent
from shared.contracts.meetings import MinutesWithdrawn
from shared.contracts.membership import TREE_KEY
from shared.eventstore.memory import MemoryLog
from shared.messaging.handler import NotYetKnown, Received
from tests.integration.commune import AN, BLOCK, COMMUNE, FAR, FIRST, PROVINCE, SECOND, SUB
from tests.integration.inprocess import record
from tests.integration.operations.conftest import ItHappened
from tests.integration.operations.webhooks.conftest import CLIENTS, Post

TODAY = date.today()  # noqa: DTZ011 - to the day is enough
TYPES = ("UnitMoved", "UnitDissolved", "UnitRegistered", "UnitsMerged", "MemberStatusChanged", "MemberTransferred")
MORE = ("MemberErased", "MemberChangeWithdrawn", "CriteriaSetWithdrawn", "MinutesWithdrawn", "OfficeEnded")


async def wished(post: Post, *units: UUID) -> dict[UUID, UUID]:
    """A webhook of each unit for everything that these tests record."""
    return {unit: (await post.subscribe(unit, *TYPES, *MORE, path=f"/{unit}"))[0] for unit in units}


async def queued(post: Post, hooks: dict[UUID, UUID], event: Event | str) -> set[UUID]:
    """The units whose webhooks wait with an event of this type."""
    name = event if isinstance(event, str) else type(event).__name__
    rows = await post.service.runtime.pool.fetch("SELECT subscription_id FROM webhook_delivery WHERE type = $1", name)
    found = {row["subscription_id"] for row in rows}
    return {unit for unit, hook in hooks.items() if hook in found}


async def test_a_cells_events_go_to_itself_and_to_all_above_it_and_to_nobody_else(post: Post) -> None:
    hooks = await wished(post, PROVINCE, COMMUNE, FIRST, SECOND, BLOCK, SUB, FAR)
    await post.happen(FIRST)
    assert await queued(post, hooks, "MinutesWithdrawn") == {PROVINCE, COMMUNE, FIRST}


async def test_a_unit_that_moves_is_told_to_those_above_it_before_and_after(post: Post) -> None:
    hooks = await wished(post, PROVINCE, COMMUNE, BLOCK, SUB, FIRST, FAR, SECOND)
    moved = facts.UnitMoved(unit_id=FIRST, parent_id=SUB, effective_on=TODAY - timedelta(days=1))
    await post.happen(TREE_KEY, log_id="membership", event=moved)
    assert await queued(post, hooks, moved) == {PROVINCE, COMMUNE, BLOCK, SUB, FIRST}
    await post.happen(FIRST)
    assert await queued(post, hooks, "MinutesWithdrawn") == {PROVINCE, BLOCK, SUB, FIRST}


async def test_a_unit_that_ends_is_told_to_those_above_it_and_what_is_corrected_afterwards_too(post: Post) -> None:
    hooks = await wished(post, PROVINCE, COMMUNE, BLOCK)
    ended = facts.UnitDissolved(unit_id=FIRST, effective_on=TODAY - timedelta(days=40))
    await post.happen(TREE_KEY, log_id="membership", event=ended)
    await post.happen(FIRST)
    assert await queued(post, hooks, ended) == {PROVINCE, COMMUNE}
    assert await queued(post, hooks, "MinutesWithdrawn") == {PROVINCE, COMMUNE}


async def test_a_unit_that_will_be_there_later_is_told_at_once(post: Post) -> None:
    hooks = await wished(post, PROVINCE, COMMUNE, BLOCK)
    later = facts.UnitRegistered(
        unit_id=UUID(int=0x999), kind="cell", name="Chi bộ mới", parent_id=COMMUNE, effective_on=TODAY + timedelta(30)
    )
    await post.happen(TREE_KEY, log_id="membership", event=later)
    assert await queued(post, hooks, later) == {PROVINCE, COMMUNE}


async def test_a_members_events_go_to_the_members_cell_and_a_transfer_to_both(post: Post) -> None:
    hooks = await wished(post, PROVINCE, FIRST, SECOND, FAR)
    status = facts.MemberStatusChanged(
        member_id=AN, standing=facts.Standing.OFFICIAL, status=facts.MemberStatus.EXEMPT, valid_from=TODAY
    )
    await post.happen(AN, log_id="membership", event=status)
    assert await queued(post, hooks, status) == {PROVINCE, FIRST}
    moved = facts.MemberTransferred(member_id=AN, from_cell_id=FIRST, to_cell_id=FAR, effective_on=TODAY)
    await post.happen(AN, log_id="membership", event=moved)
    assert await queued(post, hooks, moved) == {PROVINCE, FIRST, FAR}
    await post.happen(AN, log_id="membership", event=facts.MemberErased(member_id=AN))
    assert await queued(post, hooks, "MemberErased") == {PROVINCE, FAR}


async def test_that_an_admission_was_an_error_is_told_to_the_cell_that_had_heard_of_it(post: Post) -> None:
    hooks = await wished(post, PROVINCE, FIRST, SECOND)
    [admitted] = [event for event in await post.recorded("membership") if event.key == str(AN)]
    withdrawn = facts.MemberChangeWithdrawn(
        member_id=AN, withdrawn_event_id=admitted.event_id, withdrawn_version=1, reason="typo"
    )
    await post.happen(AN, log_id="membership", event=withdrawn)
    assert await queued(post, hooks, withdrawn) == {PROVINCE, FIRST}


async def test_catalogues_go_to_everybody(post: Post) -> None:
    hooks = await wished(post, FIRST, FAR)
    event = CriteriaSetWithdrawn(criteria_set="x", revision=1, reason="typo")
    await post.happen(CATALOGUE_KEY, log_id="evaluation", event=event)
    assert await queued(post, hooks, event) == {FIRST, FAR}


async def test_a_webhook_gets_what_is_recorded_after_it_was_made(post: Post) -> None:
    await post.happen(FIRST)
    hooks = await wished(post, PROVINCE)
    post.service.positions.clear()  # everything comes once more, as to a consumer whose topic was sent again
    await post.service.deliver(*post.logs.values())
    assert await queued(post, hooks, "MinutesWithdrawn") == set()


async def test_events_that_come_again_are_queued_once(post: Post) -> None:
    webhook, _ = await post.subscribe()
    await post.happen(FIRST, FIRST)
    post.service.positions.clear()
    await post.service.deliver(*post.logs.values())
    assert (await post.one(webhook)).waiting == 2


async def test_an_event_of_a_cell_that_is_not_known_yet_waits_for_it(post: Post) -> None:
    await post.subscribe()
    stranger = UUID(int=0x777)
    with pytest.raises(NotYetKnown, match=f"unit:{stranger}"):
        await post.happen(stranger)


async def test_an_event_that_cannot_be_read_is_nobodys_trouble_until_a_webhook_wants_it(post: Post) -> None:
    pool = post.service.runtime.pool
    [row] = await record(MemoryLog("meetings"), ItHappened(), stream="s", key=str(FIRST))
    unreadable = row._replace(type="MinutesWithdrawn", data="{}")
    received = Received(unreadable, WebhookQueue.types.decode("MinutesWithdrawn", 1, "{}"), partition=0, offset=0)
    async with pool.acquire() as tx:
        await WebhookQueue(lambda: CLIENTS).apply(tx, [received])
        await post.subscribe()
        later = received._replace(recorded=unreadable._replace(recorded_at=datetime.now(UTC)))
        with pytest.raises(UndecodableEvent):
            await WebhookQueue(lambda: CLIENTS).apply(tx, [later])


async def test_who_is_concerned_by_a_change_of_the_tree_is_not_asked_before_the_directory_has_taken_it(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.operations.webhooks.projections.DIRECTORY_SECONDS", 0.1)
    hooks = await wished(post, BLOCK)
    await post.execute("UPDATE consumer_position SET position = 1 WHERE consumer = 'directory'")
    moved = facts.UnitMoved(unit_id=FIRST, parent_id=BLOCK, effective_on=TODAY)
    log = post.logs["membership"]
    [row] = await record(log, moved, stream="move", key=TREE_KEY)
    pool = post.service.runtime.pool
    async with pool.acquire() as tx, tx.transaction():
        with pytest.raises(DirectoryBehind):
            await WebhookQueue(lambda: CLIENTS).apply(tx, [Received(row, moved, partition=0, offset=0)])
    assert await queued(post, hooks, moved) == set()


def test_the_events_of_these_tests_are_public() -> None:
    assert {MinutesWithdrawn.__name__, *TYPES, *MORE} <= {event.__name__ for event in WebhookQueue.types}
