"""How to reach Kafka: the one place that opens clients (encryption and login as the settings say) and closes them."""

import asyncio
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any, Literal, TypeAlias

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

Admin: TypeAlias = AIOKafkaAdminClient
START_SECONDS = 2.0
Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]


@dataclass(frozen=True)
class Login:
    """A user of the brokers. It is only ever sent encrypted: `Brokers` takes it together with `tls` alone."""

    user: str
    password: str
    mechanism: Mechanism = "SCRAM-SHA-512"

    def __repr__(self) -> str:
        return f"Login({self.user!r}, {self.mechanism})"


@dataclass(frozen=True)
class Brokers:
    """`bootstrap`: host:port, several with commas. Without `tls` everything is sent in clear, to whoever answers."""

    bootstrap: str
    tls: SSLContext | None = None
    login: Login | None = None

    def __post_init__(self) -> None:
        if self.login and not self.tls:
            raise ValueError("a login to Kafka without TLS would show its password")

    def producer(self, **settings: Any) -> Any:  # noqa: ANN401 - aiokafka is untyped
        return AIOKafkaProducer(**self._arguments(), **settings)

    def consumer(self, **settings: Any) -> Any:  # noqa: ANN401
        """Without a group: positions live in PostgreSQL, nothing is ever committed to Kafka."""
        return AIOKafkaConsumer(**self._arguments(), enable_auto_commit=False, **settings)

    def admin(self) -> Admin:
        return AIOKafkaAdminClient(**self._arguments())

    def _arguments(self) -> dict[str, Any]:
        arguments: dict[str, Any] = {"bootstrap_servers": self.bootstrap}
        if self.tls:
            arguments |= {"security_protocol": "SASL_SSL" if self.login else "SSL", "ssl_context": self.tls}
        if self.login:
            arguments |= {
                "sasl_mechanism": self.login.mechanism,
                "sasl_plain_username": self.login.user,
                "sasl_plain_password": self.login.password,
            }
        return arguments


async def start(client: Any) -> None:  # noqa: ANN401 - aiokafka is untyped
    """Starts a client, or what has one. Whoever is cancelled meanwhile waits some seconds until it has started.

    aiokafka forgets the first connection, open, when it is cut short while it asks there who else is in the cluster.
    """
    starting = asyncio.create_task(client.start())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        try:
            await asyncio.wait([starting], timeout=START_SECONDS)
        finally:  # also when the process is ended meanwhile
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        raise


async def stop(client: Any) -> None:  # noqa: ANN401 - aiokafka is untyped
    """Stops a consumer or an admin and closes its connections, whatever becomes of the fetches that were under way.

    aiokafka suppresses the cancellation of whoever awaits its `close`; out of `gather` it is raised.
    """
    ending = client.close() if isinstance(client, AIOKafkaAdminClient) else client.stop()
    try:
        await asyncio.gather(ending, return_exceptions=True)
    finally:  # closes what `ending` leaves open when it is cut short; harmless otherwise
        await asyncio.gather(client._client.close(), return_exceptions=True)  # noqa: SLF001
