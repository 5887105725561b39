"""What the tables say, in the shape that recount compares."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from services.reporting.figures import last_day
from services.reporting.known import EVERYTHING
from services.reporting.recount import Month, Stored
from services.reporting.sql import SQL
from shared.database.pool import Connection

NOT_COMPARED = frozenset({"meeting_id", "held_on"})


async def read_stored(connection: Connection) -> Stored:
    """All months, contributions and events kept here. `connection`: in a transaction that sees one snapshot."""
    months = {(str(row["unit_id"]), row["period"]): stored_month(row) async for row in SQL.all_months(connection)}
    meetings = {str(row["meeting_id"]): _meeting(dict(row)) async for row in SQL.all_meetings(connection)}
    events = {
        (row["log_id"], row["position"]): (str(row["meeting_id"]), int(row["digest"]))
        async for row in SQL.all_event_digests(connection)
    }
    return Stored(months, meetings, events)


def stored_month(row: Mapping[str, Any]) -> Month:
    """From a row of `cell_month`."""
    kept = {name: value for name, value in row.items() if name not in ("unit_id", "period")}
    return kept | _digests(row) | {"ratings": json.loads(row["ratings"])}


def _meeting(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in NOT_COMPARED}
    return kept | _digests(row) | {"unit_id": str(row["unit_id"])}


def _digests(row: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(row[name]) for name in ("input_digest", "facts_digest")}


async def stored_sums(connection: Connection, period: str) -> dict[str, dict[str, int]]:
    """What every unit's figures for `period` are, as reports sum them on the period's last day."""
    day = last_day(period)
    units = [row["unit_id"] async for row in SQL.units_on(connection, valid_on=day, tree_position=EVERYTHING)]
    asked = {"periods": [period], "valid_on": [day], "due_on": [day], "tree_position": EVERYTHING, "known": None}
    rows = SQL.unit_figures(connection, top=None, units=units, **asked)
    return {
        str(row["unit_id"]): {name: int(value) for name, value in row.items() if isinstance(value, int | Decimal)}
        async for row in rows
    }
