"""The AsyncAPI 3.0 document of all topics: what each log publishes, from the kept schemas and examples of its events.

Served by `operations`, kept in docs/api. The order, duplicates and gaps that a reader has to know are in
docs/integration.md.
"""

import json
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from pathlib import Path
from typing import Any

import shared.contracts
from shared.contracts.catalogue import MODULES
from shared.contracts.evaluation import CATALOGUE_KEY
from shared.contracts.membership import TREE_KEY
from shared.messaging.asyncapi_headers import HEADERS, PROGRESS_RECORD
from shared.messaging.provision import EVENTS, PROGRESS
from shared.messaging.topic import events_topic, progress_topic

Part = dict[str, Any]

VERSION = "1.0.0"
PARTITIONS = 12
BINDING = "0.5.0"
CONTRACTS = Path(shared.contracts.__file__).parent
ABOUT = """
Each log is on one topic, whole and for ever: nothing is compacted away or ages out. Order is promised per key;
`ce_sequence` rises within a partition, and decides what is known already. Ignore types that you do not know.

`x-visibility`: a type that is `public` never changes but by an optional field, and what else changes is a new version
beside it; `internal` ones may change with any release.
"""
KEYS = {
    "membership": f"`{TREE_KEY}` for units, offices and assignments; the member's id for what is said of a member",
    "meetings": "the id of the cell or committee for which the meeting was scheduled, for life",
    "attendance": "the id of the meeting's cell; a presence rule's: of the committee that decided it",
    "evaluation": f"the id of the meeting's cell; a criteria set's: `{CATALOGUE_KEY}`",
}


def asyncapi(prefix: str = "", partitions: int = PARTITIONS) -> Part:
    """The document for topics of this prefix and number of partitions."""
    messages = {message["name"]: (service, message) for service in MODULES for message in _messages(service)}
    schemas: dict[str, Part] = {}
    for _, message in messages.values():
        _hoist(message["payload"], schemas)
    channels: dict[str, Part] = {}
    for service in MODULES:
        own = [name for name, (owner, _) in messages.items() if owner == service]
        channels |= _channels(service, own, prefix, partitions)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Sinh hoạt chi bộ: topics", "version": VERSION, "description": cleandoc(ABOUT)},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": {_verb(name): _operation(name) for name in channels},
        "components": {
            "messages": {name: message for name, (_, message) in messages.items()} | {"progress": _progress()},
            "schemas": {"headers": HEADERS, "progress": PROGRESS_RECORD, **schemas},
        },
    }


def _messages(service: str) -> Iterator[Part]:
    """Every type and version of a log, with its kept schema and example."""
    for file in sorted((CONTRACTS / "schemas" / service).glob("*.json")):
        schema: Part = json.loads(file.read_text(encoding="utf-8"))
        example = json.loads((CONTRACTS / "examples" / service / file.name).read_text(encoding="utf-8"))
        name, visibility = schema.pop("$id"), schema.pop("x-visibility")
        del schema["$schema"]
        yield {
            "name": name,
            "title": schema["title"],
            "summary": schema["description"],
            "tags": [{"name": visibility}],
            "headers": {"$ref": "#/components/schemas/headers"},
            "payload": schema,
            "examples": [{"payload": example}],
            "bindings": {"kafka": {"key": {"type": "string", "description": KEYS[service]}, "bindingVersion": BINDING}},
            "x-visibility": visibility,
        }


def _hoist(part: object, schemas: dict[str, Part]) -> None:
    """Moves what a schema names under its own `$defs` to the document's `schemas`, where its references then lead."""
    if isinstance(part, list):
        for item in part:
            _hoist(item, schemas)
    if not isinstance(part, dict):
        return
    for name, schema in part.pop("$defs", {}).items():
        _hoist(schema, schemas)
        if schemas.setdefault(name, schema) != schema:
            raise ValueError(f"two events mean different things by {name}")
    if "$ref" in part:
        part["$ref"] = part["$ref"].replace("#/$defs/", "#/components/schemas/")
    for item in part.values():
        _hoist(item, schemas)


def _channels(service: str, messages: list[str], prefix: str, partitions: int) -> dict[str, Part]:
    events, progress = events_topic(service), progress_topic(service)
    return {
        events: {
            "address": events_topic(service, prefix),
            "description": f"The whole log of {service}. Key: {KEYS[service]}.",
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            "bindings": _kafka(partitions, EVENTS),
        },
        progress: {
            "address": progress_topic(service, prefix),
            "description": f"How far the log of {service} is on its topic. Key: the log's id.",
            "messages": {"progress": {"$ref": "#/components/messages/progress"}},
            "bindings": _kafka(1, PROGRESS),
        },
    }


def _kafka(partitions: int, settings: Mapping[str, str]) -> Part:
    kept: Part = {name: int(value) for name, value in settings.items() if name != "cleanup.policy"}
    topic = {"cleanup.policy": [settings["cleanup.policy"]], **kept}
    return {"kafka": {"partitions": partitions, "topicConfiguration": topic, "bindingVersion": BINDING}}


def _verb(channel: str) -> str:
    service, _, kind = channel.partition(".")
    return f"publish{service.capitalize()}{kind.capitalize()}"


def _operation(channel: str) -> Part:
    return {"action": "send", "channel": {"$ref": f"#/channels/{channel}"}}


def _progress() -> Part:
    return {
        "name": "progress",
        "title": "Progress",
        "summary": cleandoc("""
            Up to `position` the log is on its topic before `end_offsets`: who has passed all of them has seen all of it
            up to there. Written after each batch, and every few seconds when idle.
        """),
        "tags": [{"name": "public"}],
        "payload": {"$ref": "#/components/schemas/progress"},
        "bindings": {"kafka": {"key": {"type": "string", "description": "the log's id"}, "bindingVersion": BINDING}},
        "x-visibility": "public",
    }
