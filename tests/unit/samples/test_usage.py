"""What the demo says a run took."""

import io
import json
import os
from pathlib import Path

from rich.console import Console

from deploy.local.process import Identity
from samples.demo.usage import Memory, MemoryWatch, Steps, disk_kib, print_usage


def record(folder: Path, name: str) -> None:
    """As `Process` writes it, of this very process."""
    ours = Identity.of(os.getpid())
    assert ours is not None
    (folder / "processes").mkdir(exist_ok=True)
    record = {"pid": ours.pid, "started": ours.started}
    (folder / "processes" / f"{name}.pid").write_text(json.dumps(record))


def test_memory_is_that_of_the_recorded_processes_that_still_run(tmp_path: Path) -> None:
    record(tmp_path, "meetings")
    (tmp_path / "processes" / "gone.pid").write_text(json.dumps({"pid": os.getpid(), "started": 1}))
    held = MemoryWatch(tmp_path).look()
    assert held.keys() == {"meetings"}
    assert 0 < held["meetings"].now <= held["meetings"].peak


def test_the_peak_of_postgres_is_that_of_all_looks(tmp_path: Path) -> None:
    record(tmp_path, "postgres")
    watch = MemoryWatch(tmp_path)
    ballast = bytearray(os.urandom(32 * 1024 * 1024))
    most = watch.look()["postgres"].now
    del ballast
    held = watch.look()["postgres"]
    assert held.now < most <= held.peak


def test_disk_counts_what_files_take_not_their_holes(tmp_path: Path) -> None:
    (tmp_path / "full").write_bytes(os.urandom(256 * 1024))
    with (tmp_path / "index").open("wb") as sparse:
        sparse.truncate(10 * 1024 * 1024)
    assert 256 <= disk_kib(tmp_path) < 1024


def test_the_tables_fit_a_narrow_terminal_and_sum_up() -> None:
    out = io.StringIO()
    steps = Steps({"Khởi động": 10.4, "Điểm danh hai lần": 31.2})
    memory = {"meetings": Memory(100 * 1024, 120 * 1024), "recount": Memory(0, 300 * 1024)}
    print_usage(Console(file=out, width=80), steps, {"meetings": 7, "attendance": 20}, memory, {"kafka": 2048})
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    for row in (("tổng", "42"), ("tổng", "27"), ("meetings", "100", "120"), ("recount", "—", "300"), ("kafka", "2")):
        assert any(all(word in line for word in row) for line in lines), row
