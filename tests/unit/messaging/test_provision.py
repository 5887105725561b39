"""Topics are made once, on brokers that do not all learn of it at the same moment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from shared.messaging import provision as module
from shared.messaging.brokers import Brokers
from shared.messaging.provision import provision


class SlowBrokers:
    """Every second one that is asked for a topic has not heard of it, until the fourth."""

    def __init__(self) -> None:
        self.asked = 0

    async def create_topics(self, _: object) -> Any:
        return SimpleNamespace(topic_errors=[])

    async def describe_cluster(self) -> Any:
        return {"brokers": []}

    async def describe_topics(self, topics: list[str]) -> Any:
        self.asked += 1
        return [{"partitions": [] if self.asked in {2, 4} else [0]} for _ in topics]


async def test_a_broker_that_has_not_heard_of_a_new_topic_yet_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    brokers = SlowBrokers()

    @asynccontextmanager
    async def admin(*_: object) -> AsyncIterator[SlowBrokers]:
        yield brokers

    monkeypatch.setattr(module, "_admin", admin)
    monkeypatch.setattr(module, "_check_settings", settings_are_right)
    await provision(Brokers("nowhere"), "notes", partitions=1)
    assert brokers.asked == 6


async def settings_are_right(*_: object) -> None:
    """Of no interest here."""
