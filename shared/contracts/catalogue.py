"""Every event of the system by producing service: what is exported, checked and documented."""

from collections.abc import Iterator, Mapping
from types import ModuleType

from shared.contracts import attendance, evaluation, meetings, membership
from shared.contracts.emission import Emission
from shared.contracts.event import Event, EventTypes, Upcaster, declared_in

MODULES: dict[str, ModuleType] = {
    "membership": membership,
    "meetings": meetings,
    "attendance": attendance,
    "evaluation": evaluation,
}


def upcasters_of(service: str) -> dict[tuple[str, int], Upcaster]:
    """The ladder that the service's contract module declares as `UPCASTERS`; none while every event is version 1."""
    ladder: dict[tuple[str, int], Upcaster] = getattr(MODULES[service], "UPCASTERS", {})
    return ladder


def emission_of(service: str, chosen: Mapping[str, int]) -> Emission:
    """How the service writes its events, by the steps down that its contract module declares as `DOWNCASTERS`, if any.

    Raises `VersionNotWritable`.
    """
    module = MODULES.get(service)
    types = declared_in(module) if module else ()
    return Emission(types, getattr(module, "DOWNCASTERS", None), chosen)


def types_of(*services: str) -> EventTypes:
    """What a reader of these services' topics declares: all their events, old versions included."""
    upcasters = {step: upcaster for service in services for step, upcaster in upcasters_of(service).items()}
    return EventTypes(declared_in(*(MODULES[service] for service in services)), upcasters)


def all_events() -> Iterator[tuple[str, type[Event]]]:
    """(service, event type), in order of declaration."""
    for service, module in MODULES.items():
        for event_type in declared_in(module):
            yield service, event_type
