"""The last release runs on the schema of this version while it is replaced: migrations only add."""

import re

import pytest

from deploy.local.system import ROOT, SERVICES, migrations
from tests.fixtures.release import VERSION_0_1_0, files_of

# What the last release may still write or read, or could not write any more.
TAKES_AWAY = re.compile(
    r"DROP (?:TABLE|COLUMN)|RENAME|SET NOT NULL|(?:DELETE FROM|UPDATE|TRUNCATE) consumer_position"
    r"|ADD COLUMN \w+ (?![^,;]*DEFAULT)[^,;]*NOT NULL",
    re.IGNORECASE,
)


def test_migrations_since_the_last_release_take_nothing_away_from_it() -> None:
    released = files_of(VERSION_0_1_0)
    folders = {folder for service in SERVICES for folder in migrations(service)}
    files = [path for folder in folders for path in folder.glob("*.sql")]
    added = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in files}
    offending = {name: TAKES_AWAY.findall(sql) for name, sql in added.items() if name not in released}
    assert {name: found for name, found in offending.items() if found} == {}


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE import_file DROP COLUMN file_name;",
        "DELETE FROM consumer_position WHERE consumer = 'reporting.ratings';",
        "ALTER TABLE rating_band\n    ADD COLUMN criteria_set text NOT NULL,\n    ADD COLUMN withdrawn boolean;",
    ],
)
def test_what_broke_the_last_release_is_recognised(statement: str) -> None:
    assert TAKES_AWAY.search(statement)


def test_a_column_with_a_default_is_an_addition() -> None:
    assert not TAKES_AWAY.search("ALTER TABLE criteria_set ADD COLUMN withdrawn boolean NOT NULL DEFAULT false;")
