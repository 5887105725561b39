"""A service of a later release, which knows version 2 of MeetingHeld: `python -m tests.faults.upgraded SERVICE ...`."""

import json
import runpy
import sys
from typing import Any
from unittest.mock import patch

from shared.contracts.event import EventTypes
from shared.contracts.meetings import MeetingHeld


def unchanged(_types: EventTypes, _name: str, _version: int, _target: int, data: str) -> dict[str, Any]:
    """Version 2 says what version 1 said."""
    body: dict[str, Any] = json.loads(data)
    return body


if __name__ == "__main__":
    service = sys.argv.pop(1)
    with patch.object(MeetingHeld, "schema_version", 2), patch.object(EventTypes, "_upcast", unchanged):
        runpy.run_module(f"services.{service}", run_name="__main__", alter_sys=True)
