"""The access matrix: a row per endpoint of every service, a column per role with its reach.

`python -m tests.contracts.access_matrix` prints it as the code has it now, to be compared with access_matrix.csv and
reviewed by hand, row by row: the kept file is what was decided, the code is what was written.
"""

import csv
import importlib
import pkgutil
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TextIO, cast

from fastapi import FastAPI
from pydantic import SecretStr

import services
from services.reporting.settings import ReportingSettings
from shared.eventstore.memory import MemoryLog
from shared.service import Runtime, Service, ServiceSettings
from shared.web.access import Role, Rule
from shared.web.app import create_app
from shared.web.routes import declared_routes

KEPT = Path(__file__).parent / "access_matrix.csv"
PLACE = ("service", "method", "route")
EVERYONE = "everyone"
COLUMNS = (*PLACE, EVERYONE, *Role)
CLOSED = "-"
# Where browsers log in: that adds endpoints.
WITH_LOGIN = ReportingSettings(
    database_url="postgresql://nowhere",
    oidc_client_id="web",
    oidc_client_secret=SecretStr("of this list alone"),
    front_door="https://nowhere",
)

Row = Mapping[str, str]
Matrix = Mapping[tuple[str, str, str], Row]


def names() -> list[str]:
    """Every service there is, found and not listed: a new one cannot be forgotten."""
    return sorted(module.name for module in pkgutil.iter_modules(services.__path__) if module.ispkg)


def application(name: str, directory: object = None) -> FastAPI:
    """The real application of a service, with a memory log, without database."""
    service: Service = importlib.import_module(f"services.{name}.app").SERVICE
    settings = WITH_LOGIN if name == "reporting" else ServiceSettings(name=name, database_url="postgresql://nowhere")
    nothing: Any = None
    running = Runtime(
        settings, nothing, MemoryLog(name), cast("Any", directory), [], lambda: datetime(2026, 3, 15, tzinfo=UTC)
    )
    return create_app(running, service.routers(running))


@cache
def rules() -> Sequence[tuple[tuple[str, str, str], Rule | None]]:
    """(service, method, route) of every endpoint, with its rule; None: open to everyone."""
    return [
        ((name, route.method, route.path), next(iter(route.rules), None))
        for name in names()
        for route in declared_routes(application(name))
    ]


def written() -> Matrix:
    """The matrix as the code has it."""
    return {place: _row(place, rule) for place, rule in rules()}


def kept() -> Matrix:
    """The matrix as it was decided."""
    with KEPT.open(encoding="utf-8", newline="") as file:
        return {(row["service"], row["method"], row["route"]): row for row in csv.DictReader(file)}


def write(matrix: Matrix, file: TextIO) -> None:
    """As CSV, in order of service, route and method."""
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(row for _, row in sorted(matrix.items(), key=lambda item: (item[0][0], item[0][2], item[0][1])))


def _row(place: tuple[str, str, str], rule: Rule | None) -> Row:
    rights = rule.rights if rule else {}
    reaches = {role.value: rights[role].value if role in rights else CLOSED for role in Role}
    return dict(zip(PLACE, place, strict=True)) | {EVERYONE: "yes" if rule is None else CLOSED} | reaches


if __name__ == "__main__":
    write(written(), sys.stdout)
