"""The routes of an application and the rule that each declares: read by the start-up check and the access matrix."""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from shared.web.access import Rule, everyone


class RouteWithoutRule(Exception):
    """An endpoint declares no rule, or more than one: the application must not start."""


@dataclass(frozen=True, slots=True)
class DeclaredRoute:
    """An endpoint with the rules found among its dependencies: exactly one `Rule`, or `open_to_everyone` alone."""

    method: str
    path: str
    rules: tuple[Rule, ...]
    open_to_everyone: bool

    @property
    def declared_once(self) -> bool:
        """Two rules would be read by people as either of them, and hold as both."""
        return len(self.rules) + self.open_to_everyone == 1


def declared_routes(app: FastAPI) -> Iterator[DeclaredRoute]:
    """Every endpoint of `app`, one per method."""
    for context in iter_route_contexts(app.routes):
        # Mounts and plain Starlette routes have no dependencies, so no rule: closed.
        known = isinstance(context.original_route, APIRoute)
        calls = set(_calls(context.dependant)) if known else set()
        for method in sorted(context.methods or ("*",)):
            yield DeclaredRoute(
                method=method,
                path=str(context.path),
                rules=tuple(call for call in calls if isinstance(call, Rule)),
                open_to_everyone=everyone in calls,
            )


def check_every_route_has_a_rule(app: FastAPI) -> None:
    """Raises `RouteWithoutRule` naming the endpoints that are not opened to anybody, or by more than one rule."""
    wrong = [f"{route.method} {route.path}" for route in declared_routes(app) if not route.declared_once]
    if wrong:
        raise RouteWithoutRule(f"declare exactly one allow(...), or open_to_all, for: {', '.join(wrong)}")


def _calls(dependant: Dependant) -> Iterator[object]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)
