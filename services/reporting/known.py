"""`known_as_of`: a vector of positions, or a time that resolves to one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.decider import DomainError

MEMBERSHIP = "membership"
EVERYTHING = 2**63 - 1

_POSITION = re.compile(r"(?P<log>[a-z][a-z0-9_-]{0,60}):(?P<position>[0-9]+)")

Vector = Mapping[str, int]


class KnownAsOfMalformed(DomainError):
    """Neither positions nor a time."""

    problem = "known-as-of-malformed"
    status = 422


@dataclass(frozen=True, slots=True)
class KnownAsOf:
    """At most one of both is given; neither: everything that is known here now."""

    positions: Vector | None = None
    moment: datetime | None = None

    @classmethod
    def parse(cls, text: str | None) -> "KnownAsOf":
        """`meetings:120,attendance:900` or `2026-04-10T08:00:00+07:00`; logs left out are taken as known now."""
        if not text:
            return cls()
        try:
            if text[0].isdigit():
                moment = datetime.fromisoformat(text)
                if moment.tzinfo is None:
                    raise KnownAsOfMalformed(f"known_as_of: thời điểm {text!r} phải kèm múi giờ, ví dụ +07:00.")
                # In UTC, for the database: beside either end of the calendar a zone's offset leads out of it.
                return cls(moment=moment.astimezone(UTC))
            return cls(positions=dict(_position(part.strip()) for part in text.split(",")))
        except (ValueError, OverflowError) as error:
            raise KnownAsOfMalformed(
                f"known_as_of: {text!r} không phải thời điểm (2026-04-10T08:00:00+07:00) "
                "hay các vị trí (meetings:120,attendance:900)."
            ) from error


def _position(text: str) -> tuple[str, int]:
    match = _POSITION.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return match["log"], min(int(match["position"]), EVERYTHING)


def written(vector: Vector) -> str:
    """The vector as `KnownAsOf.parse` takes it."""
    return ",".join(f"{log_id}:{position}" for log_id, position in sorted(vector.items()))
