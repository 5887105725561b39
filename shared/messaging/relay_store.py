"""The port of a relay's store: who leads, and how far the topic has what the log has."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything up to `position` is on the topic.

    By partition: `last` is the position of its last event, `ends` the offset behind it, as the broker acknowledged it.
    """

    position: int = 0
    last: Mapping[int, int] = field(default_factory=dict)
    ends: Mapping[int, int] = field(default_factory=dict)

    def past(self, position: int, last: Mapping[int, int], ends: Mapping[int, int]) -> "Checkpoint":
        return replace(self, position=position, last={**self.last, **last}, ends={**self.ends, **ends})


class Fenced(Exception):
    """Another relay has taken over: this one's checkpoint does not move any more."""


class SessionLost(Exception):
    """The session that holds the leader's lock is gone; somebody else may lead by now."""


class RelayStillLeads(Exception):
    """The log is not sent again under a relay that sends."""

    def __init__(self) -> None:
        super().__init__(
            "a relay still leads, nothing was changed: stop every `worker` and `all` of this service, make the topic "
            "anew, then repeat this; a relay that was frozen or cut off loses its lead within half a minute"
        )


class Leadership(Protocol):
    """Held until the block of `RelayStore.lead` ends."""

    @property
    def epoch(self) -> int: ...

    async def checkpoint(self) -> Checkpoint: ...

    async def advance(self, checkpoint: Checkpoint) -> None:
        """Raises `Fenced` if a later epoch has begun, `SessionLost` if the session is gone."""

    async def wait(self, seconds: float) -> None:
        """Returns when something was appended, or after `seconds`. Raises `SessionLost`.

        Raises `Fenced` if a later epoch has begun, though perhaps only one of the next times: who has nothing to send
        would otherwise never learn that the whole log is to be sent again.
        """


class RelayStore(Protocol):
    def lead(self) -> AbstractAsyncContextManager[Leadership | None]:
        """Leadership with a new epoch, or None if another relay leads. Raises `SessionLost` if the database is away."""

    async def reset(self) -> None:
        """Ends every leadership and lets the next leader send the whole log again. Raises `SessionLost`."""
