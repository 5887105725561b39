"""The routes of an application and the rule that each declares: read by the start-up check and the access matrix."""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from shared.web.access import Rule, everyone


class RouteWithoutRule(Exception):
    """An endpoint declares neither `allow(...)` nor `open_to_all`: the application must not start."""


@dataclass(frozen=True, slots=True)
class DeclaredRoute:
    """An endpoint and its rules; no rule and `open_to_everyone` false: closed by mistake, refused at start."""

    method: str
    path: str
    rules: tuple[Rule, ...]
    open_to_everyone: bool


def declared_routes(app: FastAPI) -> Iterator[DeclaredRoute]:
    """Every endpoint of `app`, one per method. FastAPI's own OpenAPI document is not an endpoint of ours."""
    for context in iter_route_contexts(app.routes):
        if not isinstance(context.original_route, APIRoute):
            if context.path != app.openapi_url:
                yield DeclaredRoute("*", str(context.path), (), open_to_everyone=False)
            continue
        calls = list(_calls(context.dependant))
        for method in sorted(context.methods or ()):
            yield DeclaredRoute(
                method=method,
                path=str(context.path),
                rules=tuple(call for call in calls if isinstance(call, Rule)),
                open_to_everyone=everyone in calls,
            )


def check_every_route_has_a_rule(app: FastAPI) -> None:
    """Raises `RouteWithoutRule` naming the endpoints that are not opened to anybody."""
    closed = [f"{route.method} {route.path}" for route in declared_routes(app) if not _declared(route)]
    if closed:
        raise RouteWithoutRule(f"declare allow(...) or open_to_all for: {', '.join(closed)}")


def _declared(route: DeclaredRoute) -> bool:
    return bool(route.rules) or route.open_to_everyone


def _calls(dependant: Dependant) -> Iterator[object]:
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from _calls(dependency)
