"""What operations asks of the owner of a held key: a dry run, and a redrive. Only here are its events."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Self

import structlog
from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field

from shared.messaging.handler import UnknownConsumer
from shared.messaging.parking import NotHeld, Redriven, Rehearsed
from shared.messaging.store import KeyOf
from shared.web.access import OPERATE, Caller
from shared.web.examples import CELL, example
from shared.web.inputs import Input, storable
from shared.web.ops import Running
from shared.web.problems import Refused

router = APIRouter(prefix="/ops/parked", tags=["operations"])

log = structlog.get_logger(__name__)

# A log's key is as long as its writer made it; PostgreSQL's index on it ends before this.
Name = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(storable)]


class KeyNotHeld(Refused):
    """The key went on meanwhile, or no consumer has this name."""

    problem = "key-not-held"
    status = 409


class HeldKeyNamed(Input):
    """As `/ops/parked` names it."""

    model_config = example(consumer="reporting.facts", log_id="meetings", key=CELL)

    consumer: Name
    log_id: Name
    key: Annotated[str, Field(max_length=2000), AfterValidator(storable)]

    @property
    def of(self) -> KeyOf:
        return KeyOf(self.log_id, self.key)


class RedriveView(BaseModel):
    """`applied` events; `still_held`: why the next one holds the key again, None when the key is free."""

    applied: int
    still_held: str | None

    @classmethod
    def of(cls, done: Redriven) -> Self:
        return cls(applied=done.applied, still_held=done.still_held.reason if done.still_held else None)


class ChangeView(BaseModel):
    """A figure as it is, and as it would be; empty where there is none."""

    figure: str
    now: str
    then: str


class DryRunView(RedriveView):
    """`tried` is False where the effects lie outside the database: then the events were only read."""

    tried: bool
    changes: list[ChangeView]

    @classmethod
    def rehearsed(cls, seen: Rehearsed) -> Self:
        changes = [
            ChangeView(figure=figure, now=_said(now), then=_said(then)) for figure, (now, then) in seen.changes.items()
        ]
        return cls(**RedriveView.of(seen.redriven).model_dump(), tried=seen.tried, changes=changes)


@router.post("/dry-run")
async def dry_run(_: Annotated[Caller, OPERATE], named: HeldKeyNamed, runtime: Running) -> DryRunView:
    """What a redrive would change; changes nothing."""
    with _held():
        return DryRunView.rehearsed(await runtime.dry_run(named.consumer, named.of))


@router.post("/redrive")
async def redrive(caller: Annotated[Caller, OPERATE], named: HeldKeyNamed, runtime: Running) -> RedriveView:
    """Applies the held events of a key in order and lets it go; repeated after a lost answer, it goes on."""
    log.info("redrive asked for", actor=caller.actor, consumer=named.consumer, key=named.of)
    with _held():
        return RedriveView.of(await runtime.redrive(named.consumer, named.of))


@contextmanager
def _held() -> Iterator[None]:
    try:
        yield
    except (NotHeld, UnknownConsumer) as error:
        raise KeyNotHeld(f"Khóa này không (còn) bị giữ ở bộ nhận đó: {error}") from error


def _said(value: object) -> str:
    return "" if value is None else str(value)
