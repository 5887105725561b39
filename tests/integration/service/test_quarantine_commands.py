"""What an operator types about records that nobody can read: looks, and dismisses them for a reason."""

import json

import asyncpg
import pytest

from deploy.local.ports import free_port
from tests.fixtures.topics import Topics
from tests.integration.service.test_operator_commands import typed
from tests.integration.service.test_whole_service import Database, environment

# Each command is a process of its own, which shares the machine with whatever else runs on it.
pytestmark = pytest.mark.timeout(300)


async def test_a_record_in_quarantine_is_dismissed_for_a_reason_and_still_shown(
    service_database: Database, topics: Topics
) -> None:
    url = await service_database("meetings")
    variables = environment(url, topics.bootstrap, free_port(), topics.prefix)
    assert await typed(variables, "quarantine", "list") == (0, "nothing is in quarantine\n")
    connection = await asyncpg.connect(url)
    await connection.execute(
        "INSERT INTO quarantined_record (consumer, topic, partition, record_offset, digest, reason, record_headers) "
        "VALUES ('directory', 'membership.events', 2, 7, 'x', 'no position', '[]')"
    )
    place, of = "directory membership.events/2 at offset 7", ("directory", "membership.events", "2", "7")
    status, said = await typed(variables, "quarantine", "list")
    assert (status, said.startswith(f"quarantined  {place} since ")) == (0, True)
    for unsaid in ((), ("--by", "office:1"), ("--reason", "by hand"), ("--by", " ", "--reason", "by hand")):
        assert (await typed(variables, "quarantine", "dismiss", *of, *unsaid))[0] == 2
    because = ("--by", "office:1", "--reason", "a test by hand")
    assert (await typed(variables, "quarantine", "dismiss", *of[:3], *because))[0] == 2
    done = "1 records dismissed; they stay, and `quarantine list --all` shows them\n"
    assert await typed(variables, "quarantine", "dismiss", *of, *because) == (0, done)
    assert await typed(variables, "quarantine", "dismiss", *of, *because) == (
        2,
        f"meetings: directory has nothing of {place.partition(' ')[2]} in quarantine: see `quarantine list`\n",
    )
    assert await typed(variables, "quarantine", "list") == (0, "nothing is in quarantine\n")
    status, said = await typed(variables, "quarantine", "list", "--all")
    assert (status, said.startswith(f"dismissed  {place} since ")) == (0, True)
    assert said.endswith("\n    by office:1: a test by hand; it was: no position\n")
    status, said = await typed(variables, "quarantine", "list", "--all", "--json")
    [described] = json.loads(said)
    assert (described["offset"], described["dismissed"]["by"]) == (7, "office:1")
    assert await connection.fetchval("SELECT count(*) FROM quarantined_record") == 1
    await connection.close()
