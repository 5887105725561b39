"""Subscriptions: made, listed, paused, given a new secret, removed. Raises what the HTTP side answers with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from services.operations.sql import WEBHOOKS
from services.operations.webhooks.signing import new_secret
from services.operations.webhooks.tables import State, Subscription
from services.operations.webhooks.targets import Allowed, TargetRefused, checked
from shared.database.pool import Pool
from shared.decider import DomainError

MOST_OF_A_UNIT = 20
# Long enough for a receiver that is deployed by hand on working days.
FORMER_SECRET_SECONDS = 7 * 24 * 3600.0


class UnknownWebhook(DomainError):
    """There is none of that id, or none that the caller may know of."""

    problem = "unknown-webhook"
    status = 404

    def __init__(self, subscription_id: UUID) -> None:
        super().__init__(f"Không có webhook {subscription_id}.")


class WebhookTargetRefused(DomainError):
    """Nothing is sent to that address."""

    problem = "webhook-target-refused"
    status = 422


class WebhookExists(DomainError):
    """The unit has one to that address: what its types are to be is said by removing it and making another."""

    problem = "webhook-exists"


class TooManyWebhooks(DomainError):
    """A unit has so many at most."""

    problem = "too-many-webhooks"


class WebhookEnded(DomainError):
    """The receiver answered 410, or too much waited for it; a new one can be made."""

    problem = "webhook-ended"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a receiver asks for."""

    unit_id: UUID
    url: str
    types: Sequence[str]


@dataclass(frozen=True, slots=True)
class Registry:
    pool: Pool
    allowed: Allowed

    async def add(self, wish: Wish, made_by: str) -> tuple[UUID, str]:
        """A new subscription and its secret, which is never shown again."""
        try:
            checked(wish.url, self.allowed)
        except TargetRefused as error:
            raise WebhookTargetRefused(f"Không gửi webhook đến địa chỉ này: {error}.") from error
        secret = new_secret()
        async with self.pool.acquire() as tx, tx.transaction():
            await WEBHOOKS.lock_unit(tx, unit_id=wish.unit_id)
            if await WEBHOOKS.count_of_unit(tx, unit_id=wish.unit_id) >= MOST_OF_A_UNIT:
                raise TooManyWebhooks(f"Tổ chức đã có {MOST_OF_A_UNIT} webhook: hãy xóa bớt.")
            made = await WEBHOOKS.add(
                tx,
                subscription_id=uuid4(),
                unit_id=wish.unit_id,
                url=wish.url,
                types=sorted(set(wish.types)),
                secret=secret,
                made_by=made_by,
            )
        if made is None:
            raise WebhookExists("Tổ chức đã có webhook đến địa chỉ này: hãy xóa nó trước khi lập lại.")
        return made, secret

    async def all(self) -> Sequence[Subscription]:
        """In the order in which they were made."""
        return await self._found(None)

    async def one(self, subscription_id: UUID) -> Subscription:
        """Raises `UnknownWebhook`."""
        found = await self._found(subscription_id)
        if not found:
            raise UnknownWebhook(subscription_id)
        return found[0]

    async def set_state(self, subscription_id: UUID, state: State) -> None:
        """Paused, nothing goes out and everything is kept. Raises `UnknownWebhook`, `WebhookEnded`."""
        if await WEBHOOKS.set_state(self.pool, subscription_id=subscription_id, state=state) is None:
            raise await self._ended(subscription_id)

    async def rotate(self, subscription_id: UUID) -> tuple[str, datetime]:
        """A new secret, and until when the one before signs beside it. Raises as `set_state`."""
        secret = new_secret()
        until: datetime | None = await WEBHOOKS.rotate(
            self.pool, subscription_id=subscription_id, secret=secret, valid_seconds=FORMER_SECRET_SECONDS
        )
        if until is None:
            raise await self._ended(subscription_id)
        return secret, until

    async def remove(self, subscription_id: UUID) -> None:
        """With everything that waits for it. Raises `UnknownWebhook`."""
        if await WEBHOOKS.remove(self.pool, subscription_id=subscription_id) is None:
            raise UnknownWebhook(subscription_id)

    async def _ended(self, subscription_id: UUID) -> WebhookEnded:
        found = await self.one(subscription_id)
        return WebhookEnded(f"Webhook đã kết thúc ({found.reason}): hãy lập webhook mới.")

    async def _found(self, subscription_id: UUID | None) -> Sequence[Subscription]:
        rows = WEBHOOKS.subscriptions(self.pool, subscription_id=subscription_id)
        return [Subscription(**{**dict(row), "state": State(row["state"])}) async for row in rows]
