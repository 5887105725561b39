"""Asks every service for its own status, with the asker's token, and sums it up. Keeps nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from services.operations.owners import ANSWER_WITHIN_SECONDS
from shared.status import BEHIND_SECONDS

# The service that webhooks are of.
SENDER = "operations"


class Partition(BaseModel):
    """How far a consumer has read one partition of a log's topic, as a position of the log."""

    model_config = ConfigDict(extra="ignore")

    partition: int
    position: int


class Source(BaseModel):
    """One log that a consumer reads: how far it has seen it completely, against how far the log is relayed.

    `watermark_time`: everything recorded by then was seen; None before the first.
    """

    model_config = ConfigDict(extra="ignore")

    log_id: str
    watermark: int
    source_position: int | None = None
    lag_events: int | None = None
    lag_seconds: float | None = None
    watermark_time: datetime | None = None
    partitions: tuple[Partition, ...] = ()

    @property
    def age(self) -> float | None:
        """Seconds since the moment up to which everything is known; None before the first."""
        return (datetime.now(UTC) - self.watermark_time).total_seconds() if self.watermark_time else None

    @property
    def is_old(self) -> bool:
        """A relay says something every few seconds: this old, the relay, Kafka or the consumer is away."""
        return self.age is not None and self.age > BEHIND_SECONDS


class Consumer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str
    stopped: str | None = None
    waiting_events: int = 0
    parked_events: int = 0
    quarantined: int = 0
    ignored_events: int = 0
    types: frozenset[str] = frozenset()
    versions: Mapping[str, int] = {}
    sources: tuple[Source, ...] = ()

    @property
    def lag_events(self) -> int:
        return max((source.lag_events or 0 for source in self.sources), default=0)

    @property
    def lag_seconds(self) -> float:
        return max((source.lag_seconds or 0.0 for source in self.sources), default=0.0)

    def reads(self, log_id: str, event: str) -> int | None:
        """The newest version that it reads of an event of this log; None if it takes none. Before it said so: 1."""
        takes = event in self.types and log_id in {source.log_id for source in self.sources}
        return self.versions.get(event, 1) if takes else None


class RelayStatus(BaseModel):
    model_config = ConfigDict(extra="ignore")

    position: int
    head: int
    lag_events: int
    lag_seconds: float
    state: str | None = None
    problem: str | None = None


class ServiceStatus(BaseModel):
    """`problem`: why the service gave no status; everything else is then empty."""

    model_config = ConfigDict(extra="ignore")

    service: str
    problem: str | None = None
    relay: RelayStatus | None = None
    consumers: tuple[Consumer, ...] = ()
    degraded: tuple[str, ...] = ()

    @property
    def waiting(self) -> int:
        return sum(consumer.waiting_events for consumer in self.consumers)

    @property
    def parked(self) -> int:
        return sum(consumer.parked_events for consumer in self.consumers)

    @property
    def quarantined(self) -> int:
        return sum(consumer.quarantined for consumer in self.consumers)

    @property
    def lag_events(self) -> int:
        return max((consumer.lag_events for consumer in self.consumers), default=0)

    @property
    def lag_seconds(self) -> float:
        return max((consumer.lag_seconds for consumer in self.consumers), default=0.0)

    @property
    def well(self) -> bool:
        """Answers, and says of itself that all is as it should be."""
        return self.problem is None and not self.degraded


class HeldKey(BaseModel):
    """A key whose events wait for a name or are parked, and why."""

    model_config = ConfigDict(extra="ignore")

    service: str
    consumer: str
    log_id: str
    key: str
    state: str
    events: int
    first_position: int | None = None
    since: datetime | None = None
    waits_for: str | None = None
    reason: str

    @property
    def summary(self) -> str:
        """The first line of why: a database adds its details in others."""
        return self.reason.partition("\n")[0]

    @property
    def says_more(self) -> bool:
        return self.summary != self.reason


class Webhook(BaseModel):
    """What has not gone out to a machine that wants events; `parked` of it stands behind what failed too often."""

    model_config = ConfigDict(extra="ignore")

    webhook_id: UUID
    state: str
    waiting: int
    parked: int
    waits_since: datetime | None = None


class Overview(BaseModel):
    services: tuple[ServiceStatus, ...]
    held: tuple[HeldKey, ...]
    webhooks: tuple[Webhook, ...] = ()

    @property
    def well(self) -> bool:
        """Every service answers and is well, and nothing is held back."""
        return all(status.well for status in self.services) and not self.held


async def look(services: Mapping[str, str], token: str, http: httpx.AsyncClient) -> Overview:
    """All services at once; one that does not answer is part of the answer, never an error."""
    webhooks = asyncio.create_task(_webhooks(services.get(SENDER), token, http))
    asked = await asyncio.gather(*(_ask(name, address, token, http) for name, address in services.items()))
    held = sorted((key for _, keys in asked for key in keys), key=lambda key: (key.state, key.service, key.key))
    return Overview(services=tuple(status for status, _ in asked), held=tuple(held), webhooks=await webhooks)


async def _ask(name: str, address: str, token: str, http: httpx.AsyncClient) -> tuple[ServiceStatus, Sequence[HeldKey]]:
    try:
        status = await _get(http, f"{address}/ops/status", token)
        parked = await _get(http, f"{address}/ops/parked", token)
        keys = [HeldKey.model_validate(key | {"service": name}) for key in parked.get("keys", ())]
        return ServiceStatus.model_validate(status | {"service": name}), keys
    except httpx.HTTPStatusError as error:
        return ServiceStatus(service=name, problem=f"answers {error.response.status_code}"), ()
    except httpx.HTTPError as error:
        return ServiceStatus(service=name, problem=f"does not answer ({type(error).__name__})"), ()
    except (ValidationError, ValueError) as error:
        return ServiceStatus(service=name, problem=f"gives a status that cannot be read: {error}"), ()


async def _webhooks(address: str | None, token: str, http: httpx.AsyncClient) -> tuple[Webhook, ...]:
    """None where the sender does not answer: its own status says that."""
    try:
        found = await _get(http, f"{address}/webhooks", token) if address else ()
        return tuple(Webhook.model_validate(each) for each in found)
    except (httpx.HTTPError, ValidationError, ValueError):
        return ()


async def _get(http: httpx.AsyncClient, url: str, token: str) -> Any:  # noqa: ANN401 - JSON
    answer = await http.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=ANSWER_WITHIN_SECONDS)
    answer.raise_for_status()
    return answer.json()
