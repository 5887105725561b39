"""What a file would change, row by row: the value that a preview shows and an apply carries out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from services.membership.domain.errors import Refused
from services.membership.imports.fields import Problem
from shared.eventstore.log import Text

C = TypeVar("C")


class Outcome(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Change(Generic[C]):
    """One row's commands, for one stream. `fields` names what differs; values stay in the file."""

    row: int
    outcome: Outcome
    fields: tuple[str, ...]
    stream: str
    key: str
    commands: tuple[C, ...]
    texts: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class UnknownParent:
    """A row that hangs under a unit nobody knows: not in the tree, nor in the file."""

    row: int
    code: str


@dataclass(slots=True)
class Plan(Generic[C]):
    """Changes in the order in which they have to happen. Rows that change nothing are counted alone."""

    changes: list[Change[C]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unknown_parents: list[UnknownParent] = field(default_factory=list)
    unchanged: int = 0

    def add(self, change: Change[C]) -> None:
        if change.commands:
            self.changes.append(change)
        else:
            self.unchanged += 1

    def refuse(self, row: int, error: Refused) -> None:
        self.problems.append(Problem(row, error.field, str(error)))

    def miss(self, row: int, name: str, code: str, text: str) -> None:
        """The unit that the row's field names is unknown."""
        self.unknown_parents.append(UnknownParent(row, code))
        self.problems.append(Problem(row, name, text))

    def count(self, outcome: Outcome) -> int:
        return sum(change.outcome is outcome for change in self.changes)


class Coded(Protocol):
    """A row that an outer code names."""

    @property
    def row(self) -> int: ...

    @property
    def code(self) -> str: ...


R = TypeVar("R", bound=Coded)


def unique(rows: Iterable[R], problems: list[Problem]) -> Sequence[R]:
    """The rows with a code of their own; a second row with the same code is a problem that names the first."""
    first: dict[str, R] = {}
    for row in rows:
        if row.code in first:
            problems.append(Problem(row.row, "code", f"Mã '{row.code}' đã có ở dòng {first[row.code].row}."))
        else:
            first[row.code] = row
    return list(first.values())
