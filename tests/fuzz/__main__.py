"""`python -m tests.fuzz --inputs 100000`, or `--minutes 5`: fresh seeds for every target. Exit status 1: one failed.

`--target NAME --seed 17` tries that seed's inputs alone, of the targets that have NAME in their names.
"""

import argparse
import asyncio
import os
import secrets
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from anyio.from_thread import BlockingPortal, start_blocking_portal

from deploy.local.postgres import start_postgres
from tests.fixtures.databases import Databases
from tests.fuzz import consumers, files, records, requests
from tests.fuzz.aftermath import what_is_wrong
from tests.fuzz.system import System, system_in_thread
from tests.fuzz.target import Target

# Several runs may go on at once.
FOLDER = Path(".run") / f"fuzz-{os.getpid()}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=0, help="at least so many in all")
    parser.add_argument("--minutes", type=float, default=0.0, help="at least so long")
    parser.add_argument("--target", default="", help="only targets with this in their names")
    parser.add_argument("--seed", type=int, help="one round from this seed")
    arguments = parser.parse_args()
    structlog.configure(processors=[_only_unexpected, structlog.processors.KeyValueRenderer()])
    until = time.monotonic() + arguments.minutes * 60
    with _started() as (portal, system, targets):
        chosen = [target for target in targets if arguments.target in target.name]

        def is_done() -> bool:
            tried = sum(target.tried for target in chosen)
            return bool(tried >= arguments.inputs and time.monotonic() >= until)

        begin = secrets.randbelow(10**9) if arguments.seed is None else arguments.seed
        failed = _explore(chosen, begin, is_done if arguments.seed is None else lambda: True)
        wrong = portal.call(what_is_wrong, system)
    for target in chosen:
        print(f"{target.tried:9,} {target.name}{'  FAILED' if target.name in failed else ''}")
    print(f"{sum(target.tried for target in chosen):9,} inputs, {len(failed)} targets failed")
    print(f"afterwards: {len(wrong)} things wrong", *wrong[:20], sep="\n  ")
    return 1 if failed or wrong else 0


def _explore(targets: list[Target], seed: int, is_done: Callable[[], bool]) -> set[str]:
    """Rounds over all targets, each from the next seed; a target that failed is left out from then on."""
    failed: set[str] = set()
    while True:
        for target in targets:
            if target.name not in failed and not _passes(target, seed):
                failed.add(target.name)
        tried = sum(target.tried for target in targets)
        print(f"seed {seed}: {tried:,} inputs so far, {len(failed)} targets failed", flush=True)
        if is_done() or len(failed) == len(targets):
            return failed
        seed += 1


def _only_unexpected(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Refusals and quarantined records are what this is about; what failed a request is said with its traceback."""
    if event["event"] != "request_failed":
        raise structlog.DropEvent
    return {"event": "request_failed", "error": "".join(traceback.format_exception(event["exc_info"])[-4:])}


def _passes(target: Target, seed: int) -> bool:
    try:
        target.explore(target.share, seed)
    except (Exception, BaseExceptionGroup):  # noqa: BLE001 - whatever it is, it is a finding
        print(
            f"FAILED, again with --target {target.name!r} --seed {seed}", traceback.format_exc(), sep="\n", flush=True
        )
        return False
    return True


@contextmanager
def _started() -> Iterator[tuple[BlockingPortal, System, list[Target]]]:
    shutil.rmtree(FOLDER, ignore_errors=True)
    server = start_postgres(FOLDER / "postgres", durable=False, max_connections=400)
    databases = Databases(server.url)
    try:
        with (
            start_blocking_portal() as portal,
            system_in_thread(portal, databases) as system,
            consumers.targets(portal, databases) as arriving,
        ):
            yield portal, system, [*records.TARGETS, *files.TARGETS, *arriving, *requests.targets(portal, system)]
        asyncio.run(databases.drop_templates())
    finally:
        server.stop()
        shutil.rmtree(FOLDER, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
