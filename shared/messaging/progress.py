"""Progress records: "whoever has passed these offsets has seen everything up to this position".

A relay writes them to the compacted topic `<service>.progress` after each batch, and every few seconds when idle.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.contracts.envelope import MAX_POSITION, moment_of, text_of


@dataclass(frozen=True, slots=True)
class ProgressRecord:
    """Up to `position` the log is on its topic before `end_offsets` (by partition); so is all recorded up to `time`.

    `last`: by partition, the position of the last of these events. Offsets alone could be those of a topic that was
    made anew since: it can hold more records before the same event, as relays repeat some.
    """

    log_id: str
    position: int
    time: datetime
    end_offsets: Mapping[int, int]
    last: Mapping[int, int] = field(default_factory=dict)

    def to_bytes(self) -> tuple[bytes, bytes]:
        """Key and value of the Kafka record; the key is the log's id, so that compaction keeps the last one."""
        body = {
            "log_id": self.log_id,
            "position": self.position,
            "time": self.time.isoformat(),
            "end_offsets": {str(partition): offset for partition, offset in sorted(self.end_offsets.items())},
            "last": {str(partition): position for partition, position in sorted(self.last.items())},
        }
        return self.log_id.encode(), json.dumps(body, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, value: bytes) -> "ProgressRecord":
        """Raises ValueError for anything that `to_bytes` did not write."""
        try:
            body = json.loads(value)
            return cls(
                log_id=text_of(body["log_id"]),
                position=_place(body["position"]),
                time=moment_of(body["time"]),
                end_offsets={_place(partition): _place(offset) for partition, offset in body["end_offsets"].items()},
                last={_place(partition): _place(position) for partition, position in body["last"].items()},
            )
        except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise ValueError(f"not a progress record: {error!r}") from error


def _place(value: Any) -> int:  # noqa: ANN401 - whatever JSON holds
    """A partition, offset or position, as the database can keep it."""
    place = int(value)
    if not 0 <= place <= MAX_POSITION:
        raise ValueError(f"no place in a log or topic: {place}")
    return place
