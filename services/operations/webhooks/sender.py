"""One attempt: an HTTP request to a checked address. What the receiver says is judged by its status alone."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from services.operations.webhooks.payload import CONTENT_TYPE, body_of
from services.operations.webhooks.signing import signed
from services.operations.webhooks.tables import Head, Lease
from services.operations.webhooks.targets import Allowed, TargetRefused, resolved
from services.operations.webhooks.verdict import Outcome, Verdict, judged

# Of connecting, and of each read; `Sender.seconds` limits all of them together.
STEP_SECONDS = 60.0


def client(trusted: ssl.SSLContext) -> httpx.AsyncClient:
    """For all attempts of a process. A redirect is an answer, and no proxy of the environment knows where we may go."""
    # Connections are made by address: one that was kept could be used again for another name at the same address.
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.AsyncClient(
        verify=trusted, trust_env=False, follow_redirects=False, timeout=STEP_SECONDS, limits=limits
    )


@dataclass(frozen=True, slots=True)
class Sender:
    """`seconds`: how long an attempt may take as a whole, however slowly the receiver drips."""

    http: httpx.AsyncClient
    allowed: Allowed
    seconds: float
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def attempt(self, lease: Lease, head: Head) -> Outcome:
        """Never raises for what a receiver or a network does."""
        try:
            async with asyncio.timeout(self.seconds):
                return await self._send(lease, head)
        except TimeoutError:
            return Outcome(Verdict.FAILED, f"no answer within {self.seconds:g} s")
        except TargetRefused as error:
            return Outcome(Verdict.FAILED, str(error))
        except (httpx.HTTPError, OSError, UnicodeError) as error:  # UnicodeError: a host name that IDNA cannot encode
            return Outcome(Verdict.FAILED, f"does not answer ({type(error).__name__})")

    async def _send(self, lease: Lease, head: Head) -> Outcome:
        target = await resolved(lease.url, self.allowed)
        body = body_of(head)
        request = self.http.build_request(
            "POST",
            target.url,
            content=body,
            headers={
                "Host": target.authority,
                "Content-Type": CONTENT_TYPE,
                "User-Agent": "sinh-hoat-chi-bo-webhooks",
                **signed(str(head.event_id), body, lease.secrets, self.clock()),
            },
            # The certificate has to be that of the name, though we connect by address.
            extensions={"sni_hostname": target.host},
        )
        answer = await self.http.send(request, stream=True)
        try:
            return judged(answer.status_code, answer.headers.get("Retry-After"), self.clock())
        finally:
            await answer.aclose()  # whatever else it would say stays unread
