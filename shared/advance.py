"""How long work tells how it goes on, to whoever shows it."""

from collections.abc import Callable

# Told by how much the work has gone on.
Advance = Callable[[int], None]


def unseen(_: int) -> None:
    """For who does not want to know."""
