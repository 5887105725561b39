"""Keeps what describes the interfaces in docs/api: `python -m deploy.documents [--check]`.

Without `--check` it writes, unless that would break a client of a service. With it, any difference between code and
files fails.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from deploy.documents.applications import application, names
from deploy.documents.compatibility import Document, breaking_changes
from shared.messaging.asyncapi import asyncapi

KEPT = Path(__file__).parents[2] / "docs" / "api"
TOPICS = "asyncapi.json"


@cache
def current() -> dict[str, Document]:
    """Each document as the code has it, by its file's name."""
    return {f"{name}.openapi.json": application(name).openapi() for name in names()} | {TOPICS: asyncapi()}


def kept(folder: Path) -> dict[str, str]:
    return {path.name: path.read_bytes().decode() for path in sorted(folder.glob("*.json"))}


def written(document: Document) -> str:
    """As it is kept: sorted, so that only a change of the interface is a change of the file."""
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def breaks(old: Mapping[str, str], new: Mapping[str, Document]) -> Iterator[str]:
    """What clients would not survive. Events have a check of their own (`shared.contracts.export`)."""
    for name, text in old.items():
        if name in new and name != TOPICS:
            yield from (f"{name}: {change}" for change in breaking_changes(json.loads(text), new[name]))


def drift(old: Mapping[str, str], new: Mapping[str, Document]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        if name not in old or name not in new or old[name] != written(new[name]):
            yield f"{name}: differs from the code"


def main(arguments: list[str] | None = None, folder: Path = KEPT) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the files differ from the code")
    check = parser.parse_args(arguments).check
    old, new = kept(folder), current()
    broken = list(breaks(old, new))
    problems = broken + (list(drift(old, new)) if check else [])
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    if broken:
        sys.stderr.write(
            "a client would break: keep the old beside the new, or raise VERSION in shared/web/document.py\n"
        )
    elif problems:
        sys.stderr.write("run python -m deploy.documents and look at the difference\n")
    elif not check:
        for name, document in new.items():
            (folder / name).write_bytes(written(document).encode())
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
