"""deploy/kafka/access.csv against the code: who publishes, and who takes events from whom."""

import csv
from importlib import import_module
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from deploy.local.system import SERVICES
from shared.service import Service

LIST = Path(__file__).parents[3] / "deploy" / "kafka" / "access.csv"


def test_who_is_no_service_only_follows() -> None:
    with LIST.open() as rows:
        outside = [row for row in csv.DictReader(rows) if row["user"] not in SERVICES]
    assert outside
    assert {row["right"] for row in outside} == {"follow"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_write_its_own_log_and_read_those_it_takes_events_from(name: str) -> None:
    with LIST.open() as rows:
        listed = {(row["log"], row["right"]) for row in csv.DictReader(rows) if row["user"] == name}
    service: Service = import_module(f"services.{name}.app").SERVICE
    sources = {source for handler in service.handlers(MagicMock()) for source in handler.sources}
    own = {(name, "own")} if service.has_log else set()
    assert listed == own | {(source, "read") for source in sources - {name}}
