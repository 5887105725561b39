"""Values that hold from a day on: what the tree and the members are made of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Dated(Generic[V]):
    """`value` holds from `valid_from`; `version` is the stream version of the event that said so."""

    valid_from: date
    version: int
    value: V


def holding(history: Iterable[Dated[V]], on: date) -> Dated[V] | None:
    """The entry that holds on a day: the latest day wins, and of one day what was recorded last."""
    begun = [entry for entry in history if entry.valid_from <= on]
    return max(begun, key=lambda entry: (entry.valid_from, entry.version), default=None)


def without(history: tuple[Dated[V], ...], version: int) -> tuple[Dated[V], ...]:
    """The history as if the event of that version had not happened."""
    return tuple(entry for entry in history if entry.version != version)
