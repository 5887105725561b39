"""Deliveries on a real PostgreSQL to a real receiver: signed, in order per key, at least once, parked, redriven."""

import asyncio
from uuid import UUID

import pytest

from services.operations.webhooks.registry import UnknownWebhook
from services.operations.webhooks.tables import State
from shared.decider import DomainError
from tests.fixtures.waiting import eventually
from tests.integration.commune import FAR, FIRST, SECOND
from tests.integration.operations.webhooks.conftest import Post, served
from tests.integration.operations.webhooks.receiver import Answer, Got, Receiver


def failing(*keys: UUID, status: int = 500) -> dict[str, int]:
    return {str(key): status for key in keys}


def answering(receiver: Receiver, statuses: dict[str, int]) -> None:
    """By key; 204 for every other."""
    receiver.answer = lambda got: Answer(statuses.get(got.place[0], 204))


async def test_a_receiver_verifies_what_it_gets_and_each_event_comes_once(post: Post, receiver: Receiver) -> None:
    webhook, secret = await post.subscribe()
    await post.happen(FIRST, SECOND, FIRST)
    await post.deliver()
    await post.deliver()
    assert sorted(receiver.places()) == [(str(FIRST), 1), (str(FIRST), 3), (str(SECOND), 2)]
    assert all(got.verified_by(secret) for got in receiver.got)
    assert {got.id for got in receiver.got} == {str(event.event_id) for event in await post.recorded()}
    assert (await post.one(webhook)).waiting == 0


async def test_a_delivery_that_fails_holds_its_key_and_no_other(post: Post, receiver: Receiver) -> None:
    await post.subscribe()
    answering(receiver, failing(FIRST))
    await post.happen(FIRST, SECOND, FIRST, SECOND)
    await post.deliver(first_wait=3600.0)
    assert [place for place in receiver.places() if place[0] == str(FIRST)] == [(str(FIRST), 1)]
    assert [place for place in receiver.places() if place[0] == str(SECOND)] == [(str(SECOND), 2), (str(SECOND), 4)]
    answering(receiver, {})
    await post.execute("UPDATE webhook_line SET next_attempt_at = clock_timestamp()")
    await post.deliver()
    assert [place for place in receiver.places() if place[0] == str(FIRST)] == [
        (str(FIRST), 1),
        (str(FIRST), 1),
        (str(FIRST), 3),
    ]


async def test_every_event_of_a_key_arrives_in_order_though_half_of_all_attempts_fail(
    post: Post, receiver: Receiver
) -> None:
    await post.subscribe()
    tried: dict[str, int] = {}

    def every_second(got: Got) -> Answer:
        tried[got.id] = tried.get(got.id, 0) + 1
        return Answer(204 if tried[got.id] == 2 else 503)

    receiver.answer = every_second
    keys = [UUID(int=0x102 + n % 2) for n in range(20)]
    await post.happen(*keys)
    await post.deliver()
    for key in set(keys):
        positions = [position for of, position in receiver.places() if of == str(key)]
        assert positions == sorted(positions)
        assert len(positions) == 2 * len(set(positions)) == 20


async def test_after_so_many_attempts_a_key_is_parked_and_a_redrive_sends_it_in_order(
    post: Post, receiver: Receiver
) -> None:
    webhook, _ = await post.subscribe()
    answering(receiver, failing(FIRST))
    await post.happen(FIRST, FIRST, SECOND)
    await post.deliver()
    assert receiver.places().count((str(FIRST), 1)) == post.patience.attempts
    [line] = await post.lines()
    assert (line.key, line.waiting, line.attempts, line.reason) == (str(FIRST), 2, 3, "answers 500")
    found = await post.one(webhook)
    assert (found.waiting, found.parked) == (2, 2)
    await post.happen(FIRST)
    await post.deliver()
    assert receiver.places()[-1] != (str(FIRST), 4)
    answering(receiver, {})
    assert await post.held.redrive(webhook, ("meetings", str(FIRST))) == (1, 3)
    await post.deliver()
    assert receiver.places()[-3:] == [(str(FIRST), 1), (str(FIRST), 2), (str(FIRST), 4)]
    assert (await post.one(webhook)).waiting == 0


async def test_a_dropped_delivery_goes_to_nobody_and_what_stood_behind_it_goes_out(
    post: Post, receiver: Receiver
) -> None:
    webhook, _ = await post.subscribe()
    receiver.answer = lambda got: Answer(500 if got.place[1] == 1 else 204)
    await post.happen(FIRST, FIRST)
    await post.deliver()
    assert await post.held.drop(webhook, ("meetings", str(FIRST))) == 1
    await post.deliver()
    assert receiver.places()[-1] == (str(FIRST), 2)
    assert await post.lines() == []
    with pytest.raises(DomainError):
        await post.held.drop(webhook, ("meetings", str(FIRST)))


async def test_what_was_sent_but_not_recorded_is_sent_again_under_the_same_id(post: Post, receiver: Receiver) -> None:
    await post.subscribe()
    await post.happen(FIRST, FIRST)
    cut_short = post.deliverer()
    receiver.answer = lambda _: Answer(hang=True)
    await cut_short.begin()
    await eventually(lambda: arrived(receiver, 1), "the first attempt")
    await cut_short._end()  # the process ends before it knows what became of it, and leaves the webhook to others
    receiver.answer = lambda _: Answer()
    await post.deliver()
    assert receiver.places() == [(str(FIRST), 1), (str(FIRST), 1), (str(FIRST), 2)]
    assert receiver.got[0].id == receiver.got[1].id
    assert receiver.got[0].body == receiver.got[1].body


async def test_a_deliverer_that_was_replaced_meanwhile_says_nothing_about_what_it_sent(
    post: Post, receiver: Receiver
) -> None:
    webhook, _ = await post.subscribe()
    await post.happen(FIRST)
    receiver.answer = lambda _: Answer(500)
    [stale] = await post.deliverer()._lease(1)
    await post.execute("UPDATE webhook_subscription SET leased_until = clock_timestamp()")
    [fresh] = await post.deliverer()._lease(1)
    [head] = await post.deliverer()._heads(fresh)
    assert await post.deliverer()._heads(stale) == []
    await post.deliverer()._deliver(stale, head)
    assert await post.lines() == []
    receiver.answer = lambda _: Answer(410)
    await post.deliverer()._deliver(stale, head)
    assert (await post.one(webhook)).state is State.ACTIVE


async def test_one_process_at_a_time_serves_a_webhook(post: Post) -> None:
    await post.subscribe()
    await post.happen(FIRST)
    assert len(await post.deliverer()._lease(5)) == 1
    assert await post.deliverer()._lease(5) == []


async def test_an_event_that_is_taken_while_the_last_one_of_its_key_goes_out_is_not_forgotten(
    post: Post, receiver: Receiver
) -> None:
    """The line of a key is emptied by the deliverer and filled by the consumer at the same moment."""
    webhook, _ = await post.subscribe()
    await post.happen(FIRST)
    pool = post.service.runtime.pool
    [lease] = await post.deliverer()._lease(1)
    [head] = await post.deliverer()._heads(lease)
    outcome = await post.sender.attempt(lease, head)
    async with pool.acquire() as tx:
        recording = tx.transaction()
        await recording.start()
        await post.deliverer()._record(tx, lease, head, outcome)
        queueing = asyncio.create_task(post.happen(FIRST))
        await eventually(lambda: blocked(post), "the consumer waits for the line")
        await recording.commit()
    await queueing
    assert (await post.one(webhook)).waiting == 1
    await post.execute("UPDATE webhook_subscription SET leased_until = clock_timestamp()")
    await post.deliver()
    assert receiver.places()[-1] == (str(FIRST), 2)


async def test_a_paused_webhook_sends_nothing_and_keeps_everything(post: Post, receiver: Receiver) -> None:
    webhook, _ = await post.subscribe()
    await post.registry.set_state(webhook, State.PAUSED)
    await post.happen(FIRST, SECOND)
    await post.deliver()
    assert receiver.got == []
    await post.registry.set_state(webhook, State.ACTIVE)
    await post.deliver()
    assert len(receiver.got) == 2


async def test_a_removed_webhook_is_gone_with_what_waited(post: Post, receiver: Receiver) -> None:
    webhook, _ = await post.subscribe()
    await post.happen(FIRST)
    await post.registry.remove(webhook)
    await post.happen(FIRST)
    await post.deliver()
    assert receiver.got == []
    with pytest.raises(UnknownWebhook):
        await post.one(webhook)


async def test_a_receiver_that_says_410_ends_its_webhook(post: Post, receiver: Receiver) -> None:
    webhook, _ = await post.subscribe()
    receiver.answer = lambda _: Answer(410)
    await post.happen(FIRST)
    await post.deliver()
    await post.happen(FIRST, SECOND)
    await post.deliver()
    assert len(receiver.got) == 1
    found = await post.one(webhook)
    assert (found.state, found.reason, found.waiting) == (State.ENDED, "answers 410: it wants no more", 0)
    await post.held.clear(keep_seconds=3600, most_waiting=100)
    assert await count(post) == 0


async def test_a_receiver_that_asks_for_a_pause_gets_nothing_of_any_key_until_it_is_over(
    post: Post, receiver: Receiver
) -> None:
    await post.subscribe()
    receiver.answer = lambda _: Answer(429, {"Retry-After": "600"})
    await post.happen(FIRST)
    await post.deliver()
    await post.happen(SECOND)
    await post.deliver()
    assert receiver.places() == [(str(FIRST), 1)]
    receiver.answer = lambda _: Answer()
    await post.execute("UPDATE webhook_subscription SET not_before = clock_timestamp()")
    await post.deliver()
    assert len(receiver.got) == 3


async def test_what_went_out_is_kept_without_its_data_and_forgotten_after_a_while(post: Post) -> None:
    await post.subscribe()
    await post.happen(FIRST, SECOND)
    await post.deliver()
    pool = post.service.runtime.pool
    assert await pool.fetchval("SELECT count(*) FROM webhook_delivery WHERE data IS NOT NULL") == 0
    await post.held.clear(keep_seconds=3600, most_waiting=100)
    assert await count(post) == 2
    await post.held.clear(keep_seconds=0, most_waiting=100)
    assert await count(post) == 0


async def test_a_webhook_for_which_too_much_waits_ends_and_says_so(post: Post) -> None:
    webhook, _ = await post.subscribe()
    await post.registry.set_state(webhook, State.PAUSED)
    await post.happen(FIRST, SECOND, FAR)
    await post.held.clear(keep_seconds=3600, most_waiting=3)
    assert (await post.one(webhook)).state is State.PAUSED
    await post.held.clear(keep_seconds=3600, most_waiting=2)
    found = await post.one(webhook)
    assert (found.state, found.reason) == (State.ENDED, "more than 2 deliveries waited")
    assert await count(post) == 0


async def test_after_a_new_secret_both_sign_for_a_while(post: Post, receiver: Receiver) -> None:
    webhook, old = await post.subscribe()
    new, _ = await post.registry.rotate(webhook)
    await post.happen(FIRST)
    await post.deliver()
    assert receiver.got[0].verified_by(old)
    assert receiver.got[0].verified_by(new)
    await post.execute("UPDATE webhook_subscription SET former_secret_until = clock_timestamp()")
    await post.happen(FIRST)
    await post.deliver()
    assert receiver.got[1].headers["webhook-signature"].count("v1,") == 1
    assert receiver.got[1].verified_by(new)


async def test_two_processes_that_deliver_side_by_side_send_each_event_once(post: Post, receiver: Receiver) -> None:
    for number in range(4):
        await post.subscribe(path=f"/{number}")
    await post.happen(*[FIRST, SECOND] * 5)
    await asyncio.gather(served(post.deliverer()), served(post.deliverer()))
    assert len(receiver.got) == len({(got.path, got.id) for got in receiver.got}) == 40


async def arrived(receiver: Receiver, requests: int) -> bool:
    return len(receiver.got) >= requests


async def blocked(post: Post) -> bool:
    return bool(await post.service.runtime.pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))


async def count(post: Post) -> int:
    found: int = await post.service.runtime.pool.fetchval("SELECT count(*) FROM webhook_delivery")
    return found
