"""What the worker runs for webhooks: the deliverer, and now and then what keeps tables small and gauges true."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from services.operations.settings import settings_of
from services.operations.webhooks import metrics
from services.operations.webhooks.deliverer import Deliverer, Patience
from services.operations.webhooks.held import Held, troubles
from services.operations.webhooks.registry import Registry
from services.operations.webhooks.sender import Sender, client
from services.operations.webhooks.targets import Allowed
from shared.messaging.going_on import GoingOn
from shared.secret_settings import authorities
from shared.service import Runtime

SHOW_SECONDS = 5.0
CLEAR_EVERY = 12  # showings


def registry_of(running: Runtime) -> Registry:
    settings = settings_of(running)
    hosts = {name.lower(): inner for name, inner in settings.webhook_hosts.items()}
    return Registry(running.pool, Allowed(hosts, settings.webhook_http_loopback))


def parts(running: Runtime) -> Sequence[Coroutine[Any, Any, None]]:
    """Each until cancelled."""
    return [deliver(running), look_after(running)]


async def deliver(running: Runtime) -> None:
    """Sends what is due."""
    settings, registry = settings_of(running), registry_of(running)
    seconds = settings.webhook_timeout_seconds
    patience = Patience(settings.webhook_attempts, settings.webhook_first_wait_seconds, seconds)
    async with client(authorities(settings.webhook_ca_file)) as http:
        await Deliverer(running.pool, Sender(http, registry.allowed, seconds), patience).run()


async def look_after(running: Runtime) -> None:
    """Shows what waits, and clears away what does not any more."""
    settings, turn = settings_of(running), 0
    while True:
        with GoingOn("webhooks cannot be looked after"):
            metrics.show(await registry_of(running).all())
            if turn % CLEAR_EVERY == 0:
                keep = settings.webhook_keep_days * 24 * 3600
                await Held(running.pool).clear(keep_seconds=keep, most_waiting=settings.webhook_most_waiting)
        turn += 1
        await asyncio.sleep(SHOW_SECONDS)


async def troubles_of(running: Runtime) -> Sequence[str]:
    """For the service's own status."""
    return list(troubles(await registry_of(running).all()))
