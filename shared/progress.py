"""Progress of a long command, on stderr: a bar where somebody looks at a terminal, otherwise a line now and then."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from shared.advance import Advance

LINE_SECONDS = 5.0


@contextmanager
def progress(what: str, total: int) -> Iterator[Advance]:
    """Shows how far `what` is. `total` may be an estimate."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Lines(what, total).advance
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task(what, total=total)
        yield lambda by: shown.advance(task, by)


class Lines:
    """A line each few seconds: a log of a run that is over at once stays empty, and a long one is not flooded."""

    def __init__(self, what: str, total: int, *, clock: Callable[[], float] = monotonic) -> None:
        self._what = what
        self._total = total
        self._clock = clock
        self._done = 0
        self._next = clock() + LINE_SECONDS

    def advance(self, by: int) -> None:
        self._done += by
        if self._clock() >= self._next:
            sys.stderr.write(f"{self._what}: {self._done} of {self._total}\n")
            sys.stderr.flush()
            self._next = self._clock() + LINE_SECONDS
