"""What an event is, and the registry that turns a stored type and version back into one."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, Literal

from pydantic import ValidationError

from shared.contracts.fields import Value

Visibility = Literal["public", "internal"]
# Turns the JSON object of version n into that of version n + 1.
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


class Event(Value):
    """A fact that happened, past tense. `public`: others rely on it and a breaking change fails the build."""

    visibility: ClassVar[Visibility] = "public"
    schema_version: ClassVar[int] = 1


class UnknownEventType(LookupError):
    """The type is not declared here: a consumer ignores and counts it."""


class UndecodableEvent(ValueError):
    """The type is declared, but the body or its version cannot be read: a consumer parks it."""


class EventTypes:
    """The event types that one reader declares, with the ladder of upcasters for old versions."""

    def __init__(self, types: Iterable[type[Event]], upcasters: dict[tuple[str, int], Upcaster] | None = None) -> None:
        self._types = {event_type.__name__: event_type for event_type in types}
        self._upcasters = upcasters or {}

    def __iter__(self) -> Iterator[type[Event]]:
        return iter(self._types.values())

    def __contains__(self, name: str) -> bool:
        return name in self._types

    def decode(self, name: str, schema_version: int, data: str) -> Event:
        """The event of stored JSON `data`; raises `UnknownEventType` or `UndecodableEvent`."""
        event_type = self._types.get(name)
        if event_type is None:
            raise UnknownEventType(name)
        if schema_version > event_type.schema_version:
            raise UndecodableEvent(f"{name} version {schema_version} is newer than {event_type.schema_version}")
        try:
            if schema_version == event_type.schema_version:
                return event_type.model_validate_json(data)
            return event_type.model_validate(self._upcast(name, schema_version, event_type.schema_version, data))
        except ValidationError as error:
            raise UndecodableEvent(f"{name} version {schema_version}: {said(error)}") from error
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise UndecodableEvent(f"{name} version {schema_version}: {error}") from error

    def _upcast(self, name: str, version: int, target: int, data: str) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(data)
        for step in range(version, target):
            body = self._upcasters[name, step](body)
        return body


def said(error: ValidationError) -> str:
    """One line, without the values: operators read it, and what is broken may hold anything."""
    wrong = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, item['loc'])) or 'body'}: {item['msg']}" for item in wrong)


def declared_in(*modules: object) -> list[type[Event]]:
    """Every event type that the given contract modules define, in order of definition."""
    return [
        item
        for module in modules
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, Event) and item.__module__ == getattr(module, "__name__", None)
    ]
