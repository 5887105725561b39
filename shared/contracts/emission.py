"""Which version of an event is written: the old one, until a setting names the new one.

A type that was raised to version n has a step down to n - 1 among the `DOWNCASTERS` of its module, and is written as
the version that the steps lead to. They go in a release after every reader and every writer knows the new version.
"""

import json
from collections.abc import Iterable, Mapping

from shared.contracts.event import Event, Upcaster

# Turns the JSON object of version n into that of version n - 1.
Downcaster = Upcaster

_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class VersionNotWritable(ValueError):
    """A setting names a version that this release cannot write. The text names those that it can."""


class Emission:
    """`chosen`: versions by the setting, by type. Raises `VersionNotWritable`."""

    def __init__(
        self,
        types: Iterable[type[Event]] = (),
        downcasters: Mapping[tuple[str, int], Downcaster] | None = None,
        chosen: Mapping[str, int] | None = None,
    ) -> None:
        self._steps = downcasters or {}
        chosen = chosen or {}
        writable = {each.__name__: self._writable(each) for each in types}
        for name, version in chosen.items():
            if version not in writable.get(name, ()):
                known = ", ".join(f"{name}.v{each}" for each in writable.get(name, ())) or "none of that name"
                raise VersionNotWritable(f"{name}.v{version} cannot be written here, but: {known}")
        self._written = {name: versions[-1] for name, versions in writable.items()} | dict(chosen)

    def written(self, event: Event) -> tuple[int, str]:
        """The version that is written of `event`, and its JSON."""
        name, version = type(event).__name__, event.schema_version
        wanted = self._written.get(name, version)
        if wanted == version:
            return version, event.model_dump_json()
        body = event.model_dump(mode="json")
        for step in range(version, wanted, -1):
            body = self._steps[name, step](body)
        return wanted, _COMPACT.encode(body)

    def _writable(self, event_type: type[Event]) -> list[int]:
        """Newest first."""
        versions = [event_type.schema_version]
        while (event_type.__name__, versions[-1]) in self._steps:
            versions.append(versions[-1] - 1)
        return versions


# Every event as its class says.
AS_DECLARED = Emission()
