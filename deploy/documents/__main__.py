"""Keeps what describes the interfaces in docs/api: `python -m deploy.documents [--check]`.

Without `--check` it writes, unless that would break a client of a service. With it, any difference between code and
files fails.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from deploy.documents.applications import application, names
from deploy.documents.compatibility import Document, breaking_changes
from shared.contracts.keeping import keep
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


def write(folder: Path, documents: Mapping[str, Document]) -> None:
    for name, document in documents.items():
        (folder / name).write_bytes(written(document).encode())


def main(arguments: list[str] | None = None, folder: Path = KEPT) -> int:
    old, new = kept(folder), current()
    return keep(
        arguments,
        module="deploy.documents",
        about=__doc__,
        broken=breaks(old, new),
        drift=drift(old, new),
        if_broken="a client would break: keep the old beside the new, or raise VERSION in shared/web/document.py",
        write=lambda: write(folder, new),
    )


if __name__ == "__main__":
    sys.exit(main())
