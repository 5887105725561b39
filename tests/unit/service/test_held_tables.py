"""`parked list` shows every held key and every quarantined record, and reasons as they are."""

from collections.abc import Sequence

from rich.console import Console, RenderableType

from shared.contracts.envelope import FetchedRecord
from shared.held_tables import keys_table, quarantine_table
from shared.messaging.store import HeldKey, HeldState, KeyOf, Quarantined


def shown(table: RenderableType) -> Sequence[str]:
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get().splitlines()


def test_a_held_key_is_one_row_with_its_reason() -> None:
    key = HeldKey(KeyOf("meetings", "cell-1"), 0, HeldState.PARKED, "body: [type=missing]", events=3)
    [row] = [line for line in shown(keys_table([("directory", key)])) if "cell-1" in line]
    assert [cell.strip() for cell in row.strip("│ ").split("│")] == [
        "directory", "meetings", "cell-1", "parked", "3", "", "body: [type=missing]",
    ]  # fmt: skip


def test_a_quarantined_record_is_named_by_its_place() -> None:
    kept = Quarantined(FetchedRecord("meetings.events", 2, 7, b"secret", b"secret", ()), "no position")
    lines = shown(quarantine_table([("directory", kept)]))
    [row] = [line for line in lines if "meetings.events" in line]
    assert [cell.strip() for cell in row.strip("│ ").split("│")] == [
        "directory", "meetings.events", "2", "7", "", "no position",
    ]  # fmt: skip
    assert "secret" not in "".join(lines)
