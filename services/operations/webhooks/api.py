"""Webhooks over HTTP, for the machines that receive them: each about its own unit and what is below it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema

from services.operations.asked import Running
from services.operations.webhooks.held import Held
from services.operations.webhooks.projections import public_types
from services.operations.webhooks.registry import Registry, UnknownWebhook, Wish
from services.operations.webhooks.tables import State, Subscription
from services.operations.webhooks.worker import registry_of
from shared.web.access import Caller, Reach, Role, allow
from shared.web.examples import CELL, example
from shared.web.inputs import Input, storable
from shared.web.problems import Refused

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

RECEIVER = allow({Role.INTEGRATOR: Reach.SUBTREE})
LOOK = allow({Role.INTEGRATOR: Reach.SUBTREE, Role.OPERATOR: Reach.SYSTEM})
TYPES = public_types()


class UnitMissing(Refused):
    """The client is registered for no unit, so that nothing is its own."""

    problem = "unit-missing"
    status = 422


def _public(name: str) -> str:
    if name not in TYPES:
        raise ValueError("không phải là loại sự kiện công khai")
    return name


PublicType = Annotated[str, AfterValidator(_public), WithJsonSchema({"type": "string", "enum": TYPES})]


class WebhookInput(Input):
    """`unit_id`: whose events, with all below it; the client's own unit if left out."""

    model_config = example(
        url="https://tiep-nhan.example.vn/su-kien", types=["MeetingHeld", "RatingDecided"], unit_id=CELL
    )

    url: Annotated[str, AfterValidator(storable)] = Field(
        max_length=2000, description="Where to send to: HTTPS, and a host that the operator has allowed."
    )
    types: list[PublicType] = Field(min_length=1, max_length=len(TYPES), description="Public event types, by name.")
    unit_id: UUID | None = None


class WebhookView(BaseModel):
    """`waiting` deliveries have not gone out; `parked` of them stand behind one that failed too often."""

    webhook_id: UUID
    unit_id: UUID
    url: str
    types: list[str]
    state: State
    reason: str | None = Field(description="Why it ended.")
    made_at: datetime
    former_secret_until: datetime | None = Field(description="Until then the secret before signs as well.")
    waiting: int
    parked: int
    waits_since: datetime | None

    @classmethod
    def of(cls, found: Subscription) -> Self:
        return cls(
            webhook_id=found.subscription_id,
            unit_id=found.unit_id,
            url=found.url,
            types=list(found.types),
            state=found.state,
            reason=found.reason,
            made_at=found.made_at,
            former_secret_until=found.former_secret_until,
            waiting=found.waiting,
            parked=found.parked,
            waits_since=found.oldest,
        )


class NewWebhook(BaseModel):
    """`secret` is shown this once: a lost one is replaced."""

    webhook_id: UUID
    secret: str


class NewSecret(BaseModel):
    """Shown this once; until then both sign, so that the receiver can change over."""

    secret: str
    former_secret_until: datetime


class Redriven(BaseModel):
    """Keys that are tried anew, and the deliveries that stand in them."""

    keys: int
    deliveries: int


async def registry(running: Running) -> Registry:
    return registry_of(running)


Known = Annotated[Registry, Depends(registry)]


@router.post("")
async def add_webhook(caller: Annotated[Caller, RECEIVER], known: Known, body: WebhookInput) -> NewWebhook:
    """Sends the unit's events of these types from now on. Earlier ones are on the topics.

    If the answer is lost, look into the list and ask for a new secret: a unit has one webhook to an address.
    """
    unit_id = body.unit_id or caller.unit_id
    if unit_id is None:
        raise UnitMissing("Máy khách này chưa được gắn với tổ chức nào: người vận hành phải đăng ký tổ chức cho nó.")
    await caller.require(unit_id)
    webhook_id, secret = await known.add(Wish(unit_id, body.url, body.types), caller.actor)
    return NewWebhook(webhook_id=webhook_id, secret=secret)


@router.get("")
async def webhooks(caller: Annotated[Caller, LOOK], known: Known) -> Sequence[WebhookView]:
    """The webhooks of the caller's unit and of all below it, and those that the caller made."""
    return [WebhookView.of(found) for found in await known.all() if await _is_seen(caller, found)]


@router.get("/{webhook_id}")
async def webhook(caller: Annotated[Caller, LOOK], known: Known, webhook_id: UUID) -> WebhookView:
    """How a webhook is, and how far behind."""
    return WebhookView.of(await _reached(caller, known, webhook_id))


@router.post("/{webhook_id}/pause")
async def pause_webhook(caller: Annotated[Caller, RECEIVER], known: Known, webhook_id: UUID) -> WebhookView:
    """Nothing goes out until it is resumed; events are kept for it meanwhile."""
    await _reached(caller, known, webhook_id)
    await known.set_state(webhook_id, State.PAUSED)
    return WebhookView.of(await known.one(webhook_id))


@router.post("/{webhook_id}/resume")
async def resume_webhook(caller: Annotated[Caller, RECEIVER], known: Known, webhook_id: UUID) -> WebhookView:
    """What was kept goes out, in order."""
    await _reached(caller, known, webhook_id)
    await known.set_state(webhook_id, State.ACTIVE)
    return WebhookView.of(await known.one(webhook_id))


@router.post("/{webhook_id}/secret")
async def replace_secret(caller: Annotated[Caller, RECEIVER], known: Known, webhook_id: UUID) -> NewSecret:
    """A new secret. The one before signs beside it for a week; asked for once more, only the last two do."""
    await _reached(caller, known, webhook_id)
    secret, until = await known.rotate(webhook_id)
    return NewSecret(secret=secret, former_secret_until=until)


@router.post("/{webhook_id}/redrive")
async def redrive_webhook(caller: Annotated[Caller, LOOK], known: Known, webhook_id: UUID) -> Redriven:
    """Tries at once, and anew, what failed or is parked: the receiver is mended."""
    await _reached(caller, known, webhook_id)
    keys, deliveries = await Held(known.pool).redrive(webhook_id)
    return Redriven(keys=keys, deliveries=deliveries)


@router.delete("/{webhook_id}")
async def remove_webhook(caller: Annotated[Caller, RECEIVER], known: Known, webhook_id: UUID) -> WebhookView:
    """With everything that waits for it; the answer is how it was."""
    found = await _reached(caller, known, webhook_id)
    await known.remove(webhook_id)
    return WebhookView.of(found)


async def _reached(caller: Caller, known: Registry, webhook_id: UUID) -> Subscription:
    """Another unit's webhook is answered like one that does not exist."""
    found = await known.one(webhook_id)
    if not await _is_seen(caller, found):
        raise UnknownWebhook(webhook_id)
    return found


async def _is_seen(caller: Caller, found: Subscription) -> bool:
    return found.made_by == caller.actor or await caller.reaches(found.unit_id)
