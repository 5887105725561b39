"""What a client that was made from an OpenAPI document does not survive: compared are paths, what is sent and answered.

Words may change, and whatever asks less of what is sent or promises more of what is answered.
"""

from collections.abc import Iterable, Iterator
from typing import Any

Document = dict[str, Any]
Schema = dict[str, Any]

# As limits of what a client sends: the lower is the narrower, and the other way round.
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")


def breaking_changes(kept: Document, new: Document) -> list[str]:
    """One line per change that breaks a client; none if the new document's first number of version says so."""
    if _major(new) > _major(kept):
        return []
    return list(_Comparison(kept, new).paths())


def _major(document: Document) -> int:
    return int(document["info"]["version"].partition(".")[0])


class _Comparison:
    def __init__(self, kept: Document, new: Document) -> None:
        self._kept = kept
        self._new = new

    def paths(self) -> Iterator[str]:
        for path, operations in self._kept["paths"].items():
            for method, operation in operations.items():
                where = f"{method.upper()} {path}"
                now = self._new["paths"].get(path, {}).get(method)
                if now is None:
                    yield f"{where}: removed"
                    continue
                if now["operationId"] != operation["operationId"]:
                    yield f"{where}: {operation['operationId']} is called {now['operationId']}"
                yield from self._parameters(operation, now, where)
                yield from self._body(operation, now, where)
                yield from self._answers(operation, now, where)

    def _parameters(self, kept: Schema, new: Schema, where: str) -> Iterator[str]:
        old = {(each["in"], each["name"]): each for each in kept.get("parameters", ())}
        now = {(each["in"], each["name"]): each for each in new.get("parameters", ())}
        for place, each in old.items():
            if place not in now:
                yield f"{where}: parameter {place[1]} removed"
            else:
                yield from self._schema(each["schema"], now[place]["schema"], f"{where}: {place[1]}", sent=True)
        for place, each in now.items():
            if each.get("required") and not old.get(place, {}).get("required"):
                yield f"{where}: parameter {place[1]} became required"

    def _body(self, kept: Schema, new: Schema, where: str) -> Iterator[str]:
        old, now = kept.get("requestBody", {}), new.get("requestBody", {})
        if now.get("required") and not old.get("required"):
            yield f"{where}: a body became required"
        if old:
            yield from self._content(old, now, f"{where}: body", sent=True)

    def _answers(self, kept: Schema, new: Schema, where: str) -> Iterator[str]:
        for status, answer in kept["responses"].items():
            if status.startswith("2"):
                yield from self._content(answer, new["responses"].get(status, {}), f"{where}: {status}", sent=False)

    def _content(self, kept: Schema, new: Schema, where: str, *, sent: bool) -> Iterator[str]:
        for media, content in kept.get("content", {}).items():
            if media not in new.get("content", {}):
                yield f"{where}: {media} removed"
            else:
                now = new["content"][media].get("schema", {})
                yield from self._schema(content.get("schema", {}), now, where, sent=sent)

    def _schema(self, kept: Schema, new: Schema, where: str, *, sent: bool) -> Iterator[str]:
        kept, new = _followed(kept, self._kept), _followed(new, self._new)
        yield from _kind(kept, new, where, sent=sent)
        yield from self._fields(kept, new, where, sent=sent)
        for word in ("items", "additionalProperties"):
            if isinstance(kept.get(word), dict) and isinstance(new.get(word), dict):
                yield from self._schema(kept[word], new[word], f"{where}[]", sent=sent)
        # Whoever writes may have used each alternative, whoever reads meets each.
        written, read = (kept, new) if sent else (new, kept)
        for word in ("anyOf", "oneOf"):
            for each in written.get(word, ()):
                if not any(self._same(each, other, sent=sent) for other in read.get(word, ())):
                    yield f"{where}: {word} differs"

    def _same(self, written: Schema, read: Schema, *, sent: bool) -> bool:
        kept, new = (written, read) if sent else (read, written)
        return not any(self._schema(kept, new, "", sent=sent))

    def _fields(self, kept: Schema, new: Schema, where: str, *, sent: bool) -> Iterator[str]:
        old, now = kept.get("properties", {}), new.get("properties", {})
        for name, field in old.items():
            if name not in now:
                yield f"{where}.{name}: removed"
            else:
                yield from self._schema(field, now[name], f"{where}.{name}", sent=sent)
        was, required = set(kept.get("required", ())), set(new.get("required", ()))
        changed = required - was if sent else (was - required) & set(now)
        for name in sorted(changed):
            yield f"{where}.{name}: became {'required' if sent else 'optional'}"


def _followed(schema: Schema, document: Document) -> Schema:
    """The schema that a reference names. No document of ours is recursive."""
    reference = schema.get("$ref")
    return document["components"]["schemas"][reference.rpartition("/")[2]] if reference else schema


def _kind(kept: Schema, new: Schema, where: str, *, sent: bool) -> Iterator[str]:
    """Type, format, values and limits of the schema itself."""
    for word in ("type", "format", "const", "pattern") if sent else ("type", "format", "const"):
        if kept.get(word) != new.get(word):
            yield f"{where}: {word} {kept.get(word)} became {new.get(word)}"
    gone, added = _values(kept) - _values(new), _values(new) - _values(kept)
    for value in sorted(gone if sent else added):
        yield f"{where}: value {value} {'removed' if sent else 'added'}"
    if sent:
        yield from _narrowed(kept, new, where, UPPER, 1)
        yield from _narrowed(kept, new, where, LOWER, -1)


def _values(schema: Schema) -> set[str]:
    return set(map(str, schema.get("enum", ())))


def _narrowed(kept: Schema, new: Schema, where: str, words: Iterable[str], sign: int) -> Iterator[str]:
    for word in words:
        if word in new and (word not in kept or sign * new[word] < sign * kept[word]):
            yield f"{where}: {word} {kept.get(word)} became {new[word]}"
