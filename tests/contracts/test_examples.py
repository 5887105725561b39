"""Golden examples: what is in a log today must be readable for as long as the log is kept."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from shared.contracts.catalogue import all_events, types_of
from shared.contracts.export import SCHEMAS
from shared.contracts.fields import Value

EXAMPLES = SCHEMAS.parent / "examples"
FILES = sorted(EXAMPLES.glob("*/*.json"))
VERSIONS = [
    f"{service}/{event_type.__name__}.v{version}.json"
    for service, event_type in all_events()
    for version in range(1, event_type.schema_version + 1)
]


def named(path: Path) -> tuple[str, str, int]:
    name, _, version = path.stem.rpartition(".v")
    return path.parent.name, name, int(version)


def test_each_type_and_version_has_an_example_and_each_example_a_type() -> None:
    assert [str(path.relative_to(EXAMPLES)) for path in FILES] == sorted(VERSIONS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_is_decoded_and_nothing_that_it_says_is_lost(path: Path) -> None:
    service, name, version = named(path)
    event = types_of(service).decode(name, version, path.read_text())
    assert type(event).__name__ == name
    if version == event.schema_version:
        assert lost(json.loads(path.read_text()), json.loads(event.model_dump_json()), name) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_holds_to_the_schema_that_is_kept(path: Path) -> None:
    schema = json.loads((SCHEMAS / path.relative_to(EXAMPLES)).read_text())
    jsonschema.validate(json.loads(path.read_text()), schema, cls=jsonschema.Draft202012Validator)


def lost(example: Any, decoded: Any, where: str) -> list[str]:
    """Where `decoded` differs from `example`; it may say more (optional fields added since)."""
    if isinstance(example, dict) and isinstance(decoded, dict):
        return [
            line
            for key in example
            for line in (lost(example[key], decoded[key], f"{where}.{key}") if key in decoded else [f"{where}.{key}"])
        ]
    if isinstance(example, list) and isinstance(decoded, list) and len(example) == len(decoded):
        return [line for old, new in zip(example, decoded, strict=True) for line in lost(old, new, where)]
    return [] if example == decoded else [f"{where}: {example!r} became {decoded!r}"]


def test_an_older_reader_ignores_a_field_that_it_does_not_know() -> None:
    class Reader(Value):
        known: int

    assert Reader.model_validate_json('{"known": 1, "added_later": {"x": 2}}') == Reader(known=1)
