"""Up to where a consumer has seen a source completely, from what the source's relay says in `<service>.progress`."""

from collections import defaultdict
from collections.abc import Mapping

from shared.messaging.progress import ProgressRecord
from shared.messaging.store import Position


def passed(progress: ProgressRecord, positions: Mapping[int, Position]) -> bool:
    """Whether a consumer at `positions` (by partition) has seen everything up to `progress.position`.

    All offsets, and the events themselves: offsets alone could be those of a topic that has been recreated since.
    """
    at = defaultdict(Position, positions)
    reached = max((position.position for position in positions.values()), default=0)
    return (
        reached >= progress.position
        and all(at[partition].next_offset >= end for partition, end in progress.end_offsets.items())
        and all(at[partition].position >= last for partition, last in progress.last.items())
    )
