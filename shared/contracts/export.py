"""Keeps a JSON Schema of every event and version in `schemas/`: `python -m shared.contracts.export [--check]`.

Without `--check` it writes what changed, unless that would break a reader of a public event. With it, any difference
between code and files fails.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from shared.contracts.catalogue import all_events, upcasters_of
from shared.contracts.compatibility import Schema, breaking_changes
from shared.contracts.event import Event
from shared.contracts.keeping import keep

SCHEMAS = Path(__file__).parent / "schemas"
WHAT_TO_DO = (
    "make it a new version beside the old one (docs/adr/0004); an event never released: delete its schema first"
)


def schema_of(event_type: type[Event]) -> Schema:
    """What every reader of this type and version must accept."""
    schema = event_type.model_json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{event_type.__name__}.v{event_type.schema_version}",
        "x-visibility": event_type.visibility,
        **schema,
    }


def current() -> dict[str, Schema]:
    """The schema of each event's current version, by its file's path in the folder of schemas."""
    return {
        f"{service}/{event_type.__name__}.v{event_type.schema_version}.json": schema_of(event_type)
        for service, event_type in all_events()
    }


def kept(folder: Path) -> dict[str, Schema]:
    return {str(path.relative_to(folder)): json.loads(path.read_text()) for path in sorted(folder.glob("*/*.json"))}


def breaks(old: dict[str, Schema], new: dict[str, Schema]) -> Iterator[str]:
    """What others who rely on a public event would not survive."""
    for path, schema in old.items():
        if schema["x-visibility"] != "public":
            continue
        if path in new:
            for change in breaking_changes(schema, new[path]):
                yield f"{path}: {change}"
            if new[path]["x-visibility"] != "public":
                yield f"{path}: no longer public"
        elif not _is_still_read(path):
            yield f"{path}: removed, and no upcaster reads it"


def drift(old: dict[str, Schema], new: dict[str, Schema]) -> Iterator[str]:
    """Where the kept files differ from the code; those of older versions stay as they are."""
    for path in sorted(old.keys() | new.keys()):
        if path not in old:
            yield f"{path}: not exported"
        elif path not in new:
            if not _is_still_read(path):
                yield f"{path}: not in the code"
        elif old[path] != new[path]:
            yield f"{path}: differs from the code"


def write(folder: Path, schemas: dict[str, Schema]) -> None:
    for path, schema in schemas.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n")


def main(arguments: list[str] | None = None, folder: Path = SCHEMAS) -> int:
    old, new = kept(folder), current()
    return keep(
        arguments,
        module="shared.contracts.export",
        about=__doc__,
        broken=breaks(old, new),
        drift=drift(old, new),
        if_broken=f"a public contract would break: {WHAT_TO_DO}",
        write=lambda: write(folder, new),
    )


def _is_still_read(path: str) -> bool:
    """Whether the file is an older version of a declared event, with an upcaster to the next one."""
    service, _, name = path.removesuffix(".json").partition("/")
    event, _, version = name.rpartition(".v")
    declared = {event_type.__name__: event_type for owner, event_type in all_events() if owner == service}
    return (
        event in declared
        and int(version) < declared[event].schema_version
        and (event, int(version)) in upcasters_of(service)
    )


if __name__ == "__main__":
    sys.exit(main())
