"""PostgreSQL and Kafka of one system: one that ends by itself is started again, on its port and its data."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.kafka import plan_cluster, start_nodes
from deploy.local.postgres import start_postgres
from deploy.local.process import Process

WATCH_SECONDS = 0.5


class Servers:
    """Both servers, with their data below `folder`. `step` is told what is started. Raises LocalStackError.

    Of several `brokers` each has a copy of every topic, and most of them must have a record before it counts as sent.
    Everything here belongs into the thread that lives as long as the servers shall: they end with it.
    """

    def __init__(self, folder: Path, step: Callable[[str], None], brokers: int = 1) -> None:
        self._folder = folder
        self._nodes = plan_cluster(folder / "kafka", brokers)
        with ExitStack() as half_started:
            step("PostgreSQL")
            self._postgres = start_postgres(folder / "postgres")
            half_started.callback(self._postgres.stop)
            step("Apache Kafka")
            self._brokers = list(start_nodes(self._nodes))
            half_started.pop_all()

    @property
    def postgres(self) -> str:
        """The address of the superuser; the same after a restart."""
        return self._postgres.url

    @property
    def kafka(self) -> str:
        """Host and port for clients, of every broker; the same after a restart."""
        return ",".join(node.address for node in self._nodes)

    @property
    def replication(self) -> int:
        return len(self._nodes)

    @property
    def min_insync(self) -> int:
        return len(self._nodes) // 2 + 1

    @property
    def postgres_process(self) -> Process:
        return self._postgres.process

    @property
    def kafka_processes(self) -> Sequence[Process]:
        """Of each broker, in the order of their numbers."""
        return [broker.process for broker in self._brokers]

    def keep(self, report: Callable[[str], None]) -> None:
        """Does not return. `report` gets a line for each server that ended. Raises LocalStackError."""
        while True:
            time.sleep(WATCH_SECONDS)
            self.start_ended(report)

    def start_ended(self, report: Callable[[str], None]) -> None:
        """Starts again what has ended by itself."""
        if _ended(self._postgres.process, report):
            self._postgres = start_postgres(self._folder / "postgres", urlsplit(self.postgres).port)
        ended = [place for place, broker in enumerate(self._brokers) if _ended(broker.process, report)]
        if ended:
            for place, broker in zip(ended, start_nodes([self._nodes[place] for place in ended]), strict=True):
                self._brokers[place] = broker

    def stop(self) -> None:
        """In reverse order."""
        for broker in self._brokers:
            broker.stop()
        self._postgres.stop()


def _ended(process: Process, report: Callable[[str], None]) -> bool:
    status = process.exit_status()
    if status is not None:
        report(f"{process.name} ended with status {status}; starting it again ({process.log})")
    return status is not None
