"""Asks owners of held keys and of events, with the asker's own token: each decides itself what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import httpx
from fastapi import Form
from pydantic import BaseModel, ConfigDict, ValidationError

ANSWER_WITHIN_SECONDS = 3.0
# A key may hold the events of months.
REDRIVE_WITHIN_SECONDS = 120.0

Answer = TypeVar("Answer", bound=BaseModel)


class OwnerAway(Exception):
    """The owner gave no answer that can be used; the text says why."""


class Held(BaseModel):
    """A held key, as a form names it."""

    service: Annotated[str, Form(max_length=100)]
    consumer: Annotated[str, Form(max_length=2000)]
    log_id: Annotated[str, Form(max_length=2000)]
    key: Annotated[str, Form(max_length=2000)] = ""


class Change(BaseModel):
    figure: str
    now: str
    then: str


class Redriven(BaseModel):
    """What a dry run or a redrive came to; `tried` and `changes` are of a dry run."""

    model_config = ConfigDict(extra="ignore")

    applied: int
    still_held: str | None = None
    tried: bool = True
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Owners:
    """`services`: the address of each, by name."""

    services: Mapping[str, str]
    token: str
    http: httpx.AsyncClient

    async def dry_run(self, held: Held) -> Redriven:
        """What a redrive of the key would change. Raises `OwnerAway`."""
        return await self._about(held, "dry-run")

    async def redrive(self, held: Held) -> Redriven:
        """Lets the key go. Raises `OwnerAway`; asking again after a lost answer goes on where it ended."""
        return await self._about(held, "redrive")

    async def _about(self, held: Held, what: str) -> Redriven:
        named = held.model_dump(exclude={"service"})
        return await self._ask(Redriven, "POST", held.service, f"/ops/parked/{what}", named)

    async def get(self, shape: type[Answer], service: str, path: str) -> Answer:
        """What `service` says at `path`. Raises `OwnerAway`."""
        return await self._ask(shape, "GET", service, path)

    async def _ask(
        self, shape: type[Answer], method: str, service: str, path: str, body: Mapping[str, str] | None = None
    ) -> Answer:
        if service not in self.services:
            raise OwnerAway(f"no service {service!r} is known here")
        headers = {"Authorization": f"Bearer {self.token}"}
        within = REDRIVE_WITHIN_SECONDS if body else ANSWER_WITHIN_SECONDS
        try:
            answer = await self.http.request(
                method, f"{self.services[service]}{path}", json=body, headers=headers, timeout=within
            )
            answer.raise_for_status()
            return shape.model_validate(answer.json())
        except httpx.HTTPStatusError as error:
            raise OwnerAway(f"{service}: {_detail(error.response)}") from error
        except httpx.HTTPError as error:
            raise OwnerAway(f"{service} does not answer ({type(error).__name__})") from error
        except (ValidationError, ValueError) as error:
            raise OwnerAway(f"{service} answers what cannot be read: {error}") from error


def _detail(answer: httpx.Response) -> str:
    try:
        problem: Any = answer.json()
        return str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return f"answers {answer.status_code}"
