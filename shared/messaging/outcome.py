"""What a consumer reports of a batch."""

from dataclasses import dataclass, field

from shared.messaging.store import Place


@dataclass(slots=True)
class Outcome:
    """What became of a batch, in events. `gaps`: partitions to fetch again, as something before is missing."""

    applied: int = 0
    ignored: int = 0
    duplicates: int = 0
    waiting: int = 0
    parked: int = 0
    quarantined: int = 0
    gaps: dict[Place, str] = field(default_factory=dict)

    def add(self, other: "Outcome") -> None:
        """What became of the part that came behind."""
        for name in ("applied", "ignored", "duplicates", "waiting", "parked", "quarantined"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.gaps |= other.gaps
