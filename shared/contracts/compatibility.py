"""What may change in a published JSON Schema of one version: an optional field may be added, nothing else.

Everything else breaks someone: an older reader cannot decode a new enum value, a newer one misses a field in old
events. Such a change is a new version beside the old one.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

# Words for people; they change nothing for a reader.
_WORDS = frozenset({"description", "title", "$defs", "$schema", "$id", "x-visibility"})


def breaking_changes(kept: Schema, new: Schema) -> list[str]:
    """One line per breaking difference, naming the field; empty if old and new readers read old and new events."""
    return list(_differences(_inlined(kept, kept), _inlined(new, new), "event"))


def _differences(kept: object, new: object, where: str) -> Iterator[str]:
    if isinstance(kept, dict) and isinstance(new, dict):
        yield from _object_differences(kept, new, where)
    elif isinstance(kept, list) and isinstance(new, list) and len(kept) == len(new):
        for kept_item, new_item in zip(kept, new, strict=True):
            yield from _differences(kept_item, new_item, where)
    elif kept != new:
        yield f"{where}: {kept!r} became {new!r}"


def _object_differences(kept: Schema, new: Schema, where: str) -> Iterator[str]:
    kept_fields, new_fields = kept.get("properties", {}), new.get("properties", {})
    for name, field in kept_fields.items():
        if name in new_fields:
            yield from _differences(field, new_fields[name], f"{where}.{name}")
        else:
            yield f"{where}.{name}: removed"
    required, now_required = set(kept.get("required", ())), set(new.get("required", ()))
    for name in sorted(now_required - required):
        yield f"{where}.{name}: became required, old events may lack it"
    for name in sorted((required - now_required) & set(new_fields)):
        yield f"{where}.{name}: became optional, readers rely on it"
    for word in sorted((kept.keys() | new.keys()) - {"properties", "required"}):
        yield from _differences(kept.get(word), new.get(word), f"{where} ({word})")


def _inlined(schema: object, root: Schema) -> object:
    """The schema without words, its references replaced by what they name. Contracts hold no recursive types."""
    if isinstance(schema, list):
        return [_inlined(item, root) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        named = root["$defs"][reference.removeprefix("#/$defs/")]
        return _inlined({**named, **{word: value for word, value in schema.items() if word != "$ref"}}, root)
    # A field may be called "title": names of properties are not words of the schema.
    return {
        word: {name: _inlined(field, root) for name, field in value.items()}
        if word == "properties"
        else _inlined(value, root)
        for word, value in schema.items()
        if word not in _WORDS
    }
