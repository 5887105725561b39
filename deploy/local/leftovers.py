"""Ends what a killed run left running below a folder, before the folder is used or removed."""

import signal
from pathlib import Path

from deploy.local.postgres import FAST_SHUTDOWN
from deploy.local.process import end_recorded


def end_leftovers(folder: Path) -> int:
    """How many processes were ended: services first, then Kafka, then PostgreSQL."""
    ended = [end_recorded(record) for record in sorted(folder.glob("processes/*.pid"))]
    ended.append(end_recorded(folder / "kafka" / "kafka.pid", signal.SIGTERM))
    ended.append(end_recorded(folder / "postgres" / "postgres.pid", FAST_SHUTDOWN))
    return sum(ended)
