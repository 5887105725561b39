"""A webhook gets what its maker may have today: registered, and above what the event concerns in today's tree."""

from collections.abc import Mapping
from datetime import date, timedelta
from uuid import UUID

import pytest

from shared.contracts.event import UndecodableEvent
from shared.contracts.membership import TREE_KEY, UnitMoved
from shared.eventstore.memory import MemoryLog
from shared.messaging.handler import Received
from shared.service import ClientSettings
from shared.web.roles import Role
from tests.integration.commune import BLOCK, COMMUNE, FIRST, PROVINCE, SECOND, SUB
from tests.integration.inprocess import record
from tests.integration.operations.conftest import ItHappened
from tests.integration.operations.webhooks.conftest import CLIENTS, TYPE, Post

TODAY = date.today()  # noqa: DTZ011 - to the day is enough
YESTERDAY = TODAY - timedelta(days=1)


async def waiting(post: Post, *webhooks: UUID) -> list[int]:
    return [(await post.one(webhook)).waiting for webhook in webhooks]


def register(post: Post, clients: Mapping[str, ClientSettings]) -> None:
    """The service begins anew with other clients."""
    running = post.service.runtime
    running.settings = running.settings.model_copy(update={"clients": clients})
    post.service.handlers = post.service.service.handlers(running)


async def test_a_cell_that_moved_away_is_told_only_to_who_may_have_it_today(post: Post) -> None:
    left, _ = await post.subscribe(FIRST, path="/left", made_by="client:commune")
    stays, _ = await post.subscribe(FIRST, path="/stays", made_by="client:province")
    joins, _ = await post.subscribe(BLOCK, path="/joins", made_by="client:block")
    await post.happen(FIRST)
    assert await waiting(post, left, stays, joins) == [1, 1, 0]
    moved = UnitMoved(unit_id=FIRST, parent_id=SUB, effective_on=YESTERDAY)
    await post.happen(TREE_KEY, log_id="membership", event=moved)
    await post.happen(FIRST)
    assert await waiting(post, left, stays, joins) == [1, 2, 1]


async def test_a_move_that_is_still_to_come_takes_no_right_away(post: Post) -> None:
    webhook, _ = await post.subscribe(FIRST, made_by="client:commune")
    moved = UnitMoved(unit_id=FIRST, parent_id=SUB, effective_on=TODAY + timedelta(days=30))
    await post.happen(TREE_KEY, log_id="membership", event=moved)
    await post.happen(FIRST)
    assert await waiting(post, webhook) == [1]


@pytest.mark.parametrize(
    "now",
    [
        None,
        ClientSettings(role=Role.INTEGRATOR, unit_id=BLOCK),
        ClientSettings(role=Role.INTEGRATOR),
        ClientSettings(role=Role.OPERATOR, unit_id=COMMUNE),
    ],
    ids=["not registered", "of another unit", "of no unit", "of another role"],
)
async def test_a_machine_that_is_no_integrator_above_the_unit_any_more_gets_nothing_new(
    post: Post, now: ClientSettings | None
) -> None:
    webhook, _ = await post.subscribe(COMMUNE, made_by="client:commune")
    other, _ = await post.subscribe(COMMUNE, path="/other", made_by="client:province")
    others = {name: client for name, client in CLIENTS.items() if name != "commune"}
    register(post, {**others, "commune": now} if now else others)
    await post.happen(FIRST)
    assert await waiting(post, webhook, other) == [0, 1]
    register(post, CLIENTS)
    await post.happen(SECOND)
    assert await waiting(post, webhook, other) == [1, 2]


async def test_what_an_operator_made_asks_for_nobodys_registration(post: Post) -> None:
    webhook, _ = await post.subscribe(FIRST, made_by="operator")
    register(post, {})
    moved = UnitMoved(unit_id=FIRST, parent_id=SUB, effective_on=YESTERDAY)
    await post.happen(TREE_KEY, log_id="membership", event=moved)
    await post.happen(FIRST)
    assert await waiting(post, webhook) == [1]


async def test_no_client_passes_for_the_operator_of_the_command_line(post: Post) -> None:
    webhook, _ = await post.subscribe(PROVINCE, made_by="client:operator")
    await post.happen(FIRST)
    assert await waiting(post, webhook) == [0]


async def test_an_event_that_cannot_be_read_is_not_read_for_who_is_not_registered(post: Post) -> None:
    [row] = await record(MemoryLog("meetings"), ItHappened(), stream="s", key=str(FIRST))
    await post.subscribe(PROVINCE, made_by="client:commune")
    register(post, {})
    [queue] = [handler for handler in post.service.handlers if handler.name == "operations.webhooks"]
    unreadable = row._replace(type=TYPE, data="{}", recorded_at=row.recorded_at + timedelta(days=1))
    received = Received(unreadable, queue.types.decode(TYPE, 1, "{}"), partition=0, offset=0)
    async with post.service.runtime.pool.acquire() as tx:
        await queue.apply(tx, [received])
        register(post, CLIENTS)
        [queue] = [handler for handler in post.service.handlers if handler.name == "operations.webhooks"]
        with pytest.raises(UndecodableEvent):
            await queue.apply(tx, [received])
