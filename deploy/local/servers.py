"""PostgreSQL and Kafka of one system: one that ends by itself is started again, on its port and its data."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.kafka import start_kafka
from deploy.local.postgres import start_postgres
from deploy.local.process import Process

WATCH_SECONDS = 0.5


class Servers:
    """Both servers, with their data below `folder`. `step` is told what is started. Raises LocalStackError.

    Everything here belongs into the thread that lives as long as the servers shall: they end with it.
    """

    def __init__(self, folder: Path, step: Callable[[str], None]) -> None:
        self._folder = folder
        with ExitStack() as half_started:
            step("PostgreSQL")
            self._postgres = start_postgres(folder / "postgres")
            half_started.callback(self._postgres.stop)
            step("Apache Kafka")
            self._kafka = start_kafka(folder / "kafka")
            half_started.pop_all()

    @property
    def postgres(self) -> str:
        """The address of the superuser; the same after a restart."""
        return self._postgres.url

    @property
    def kafka(self) -> str:
        """Host and port for clients; the same after a restart."""
        return self._kafka.bootstrap

    def keep(self, report: Callable[[str], None]) -> None:
        """Does not return. `report` gets a line for each server that ended. Raises LocalStackError."""
        while True:
            time.sleep(WATCH_SECONDS)
            self.start_ended(report)

    def start_ended(self, report: Callable[[str], None]) -> None:
        """Starts again what has ended by itself."""
        if _ended(self._postgres.process, report):
            self._postgres = start_postgres(self._folder / "postgres", urlsplit(self.postgres).port)
        if _ended(self._kafka.process, report):
            self._kafka = start_kafka(self._folder / "kafka", urlsplit(f"//{self.kafka}").port)

    def stop(self) -> None:
        """In reverse order."""
        self._kafka.stop()
        self._postgres.stop()


def _ended(process: Process, report: Callable[[str], None]) -> bool:
    status = process.exit_status()
    if status is not None:
        report(f"{process.name} ended with status {status}; starting it again ({process.log})")
    return status is not None
