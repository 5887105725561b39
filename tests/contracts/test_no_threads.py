"""What answers a request stays on the loop: a plain function goes to a thread, which costs as much as a query."""

from collections.abc import Iterator
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from deploy.documents.applications import application, names


def test_endpoints_and_what_they_depend_on_are_coroutines() -> None:
    in_threads = {
        (name, context.path, call)
        for name in names()
        for context in iter_route_contexts(application(name).routes)
        if isinstance(context.original_route, APIRoute)
        for call in _calls(context.dependant)
        if not (_on_the_loop(call) or _on_the_loop(type(call).__call__))
    }
    assert not in_threads


def _calls(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for dependency in dependant.dependencies:
        yield from _calls(dependency)


def _on_the_loop(call: object) -> bool:
    return iscoroutinefunction(call) or isasyncgenfunction(call)
