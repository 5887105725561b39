"""A mutant is a patch of the product whose first lines say which promise it breaks and which tests notice."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATCHES = Path(__file__).parent
HEADER = re.compile(r"Breaks: (?P<breaks>.+)\nNoticed by: (?P<tests>.+)\n")
CHANGED = re.compile(r"^\+\+\+ b/(.+)$", re.MULTILINE)


class PatchMalformed(Exception):
    """The patch does not begin with `Breaks:` and `Noticed by:`."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """`breaks`: the promise, in words. `tests`: ids of the quickest tests that hold it. `changes`: files it patches."""

    name: str
    patch: Path
    breaks: str
    tests: tuple[str, ...]
    changes: tuple[str, ...]


def read(patch: Path) -> Mutant:
    """Raises `PatchMalformed`."""
    text = patch.read_text()
    header = HEADER.match(text)
    if header is None:
        raise PatchMalformed(f"{patch.name} must begin with the lines 'Breaks: ...' and 'Noticed by: <ids of tests>'")
    return Mutant(patch.stem, patch, header["breaks"], tuple(header["tests"].split()), tuple(CHANGED.findall(text)))


def all_mutants() -> list[Mutant]:
    """Every mutant that is kept, by name."""
    return [read(patch) for patch in sorted(PATCHES.glob("*.patch"))]
