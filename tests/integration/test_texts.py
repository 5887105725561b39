"""Erasable texts: gone with their salts, while events and totals stay."""

from uuid import uuid4

from shared.database.pool import Pool
from shared.eventstore import (
    Text,
)
from shared.eventstore.group_commit import GroupCommitLog
from shared.eventstore.texts import erase_texts, read_texts
from tests.conformance.appends import append_of


async def test_an_erased_subject_leaves_no_text_and_no_salt_and_its_events_stay(
    log_pool: Pool, log: GroupCommitLog
) -> None:
    texts = [Text.of(f"lý do {n}", subject=f"member:{n}", kind="reason", text_id=uuid4()) for n in (1, 1, 2)]
    await log.append(append_of(erasable=texts))
    before = await log.read(after=0)
    assert (await read_texts(log_pool, [texts[0].text_id])).popitem() == (texts[0].text_id, "lý do 1")

    assert await erase_texts(log_pool, "member:1") == 2
    assert await erase_texts(log_pool, "member:1") == 0
    assert await read_texts(log_pool, [text.text_id for text in texts]) == {texts[2].text_id: "lý do 2"}
    assert await log_pool.fetchval("SELECT count(*) FROM texts WHERE salt = ANY($1)", [t.salt for t in texts[:2]]) == 0
    assert await log.read(after=0) == before
