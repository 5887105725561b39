"""The OpenAPI document of a service: what FastAPI reads off the routes, with access and problems said of each.

Open to everyone, as it holds nothing about anybody. It is kept in docs/api, where the build compares it.
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from inspect import cleandoc
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from shared.decider import DomainError
from shared.web.access import SAFE_METHODS, open_to_all
from shared.web.problems import MEDIA_TYPE, TYPE_PREFIX, Problem
from shared.web.roles import Reach, Role
from shared.web.routes import DeclaredRoute, declared_routes

# Of the interface, not of the release: a change that breaks a client raises its first number (docs/clients.md).
VERSION = "1.0.0"
TITLE = "Sinh hoạt chi bộ: {name}"
ABOUT = """
Commands carry an `Idempotency-Key`: sent again with the same key and body, a command is done once and answered as it
was. The answer names the position that it wrote in the header `X-Log-Position`; a query that takes `at_least` waits for
it. An office that acts for a cell below it names the cell in `On-Behalf-Of`.

Every refusal is a problem (RFC 9457): decide on `type`, show `detail`. `X-Correlation-Id` of any answer leads an
operator to what happened.
"""
REFUSALS = {
    400: "The request cannot be read, or lacks what every such request needs.",
    401: "Nobody known: no access token, or none that counts.",
    403: "Not open to the caller, or out of its reach.",
    404: "Not there.",
    409: "Not now: what is recorded stands against it, or is not known here yet.",
    413: "Too large.",
    422: "Wrong in itself: repeating it does not help.",
    503: "Not at the moment: repeat it after `Retry-After`.",
}
# What is no rule of a class: `shared.web.problems` says it.
UNCLASSED = {422: ("invalid-request", "`errors` names each wrong field."), 503: ("database-unavailable", "")}
REACHES = {
    Reach.OWN_UNIT: "own unit",
    Reach.SUBTREE: "own unit and all below it",
    Reach.ASSIGNED: "assigned units",
    Reach.SYSTEM: "everything",
}
POSITION = {"description": "`<log>:<position>` of what was recorded.", "schema": {"type": "string"}}

router = APIRouter(dependencies=[open_to_all])


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> JSONResponse:
    """This document."""
    app: FastAPI = request.app
    return JSONResponse(app.openapi())


class DocumentedApp(FastAPI):
    """An application whose document says all that a client needs to know.

    A route whose path names nothing, and that may answer 404 all the same, says `responses={404: {}}`.
    """

    def __init__(self, service: str) -> None:
        super().__init__(
            title=TITLE.format(name=service),
            description=cleandoc(ABOUT),
            version=VERSION,
            servers=[{"url": f"/{service}", "description": "The service behind the front door."}],
            # So that the model is among the schemas; which refusals a route knows is said below.
            responses={"default": {"model": Problem}},
            generate_unique_id_function=_name,
            # Their pages load scripts from another host; the document has a route of its own, with a rule.
            openapi_url=None,
            # To where the client's own Host header says, and without TLS where the front door ends it.
            redirect_slashes=False,
            # Its spans and logs hold paths, addresses and texts of errors, so people's ids; those of `Requests` do not.
            telemetry={"tracing": False, "metrics": False, "logs": False},
        )
        self._service = service
        self._document: dict[str, Any] | None = None

    def openapi(self) -> dict[str, Any]:
        """The document; made once."""
        if self._document is None:
            self._document = described(super().openapi(), declared_routes(self), self._service)
        return self._document


def _name(route: APIRoute) -> str:
    return route.name


def described(made: Mapping[str, Any], routes: Iterable[DeclaredRoute], service: str) -> dict[str, Any]:
    """`made` by FastAPI, with what it does not know of the routes."""
    document = deepcopy(dict(made))
    declared = {(route.path, route.method.lower()): route for route in routes}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _describe(operation, declared[path, method])
    document["components"]["responses"] = {
        _component(status): _refusal(status, text, service) for status, text in REFUSALS.items()
    }
    for scheme in document["components"].get("securitySchemes", {}).values():
        scheme["bearerFormat"] = "JWT"
    return document


def _describe(operation: dict[str, Any], route: DeclaredRoute) -> None:
    access = {role.value: rule.rights[role] for rule in route.rules for role in Role if role in rule.rights}
    open_to = ", ".join(f"{role} ({REACHES[reach]})" for role, reach in access.items()) or "everyone"
    operation["summary"] = operation["operationId"].replace("_", " ").capitalize()
    operation["description"] = f"{operation.get('description', '')}\n\nOpen to: {open_to}."
    operation["x-access"] = {role: reach.value for role, reach in access.items()} or "everyone"
    responses = operation["responses"]
    del responses["default"]
    for status in _refusals(operation, route):
        if "content" not in responses.get(str(status), {}):
            responses[str(status)] = {"$ref": f"#/components/responses/{_component(status)}"}
    for answer in responses.values():
        for content in answer.get("content", {}).values():
            # FastAPI describes a stream of events in a word of OpenAPI 3.2.
            if (item := content.pop("itemSchema", None)) is not None:
                content |= {"schema": {"type": "string"}, "x-item-schema": item}
    for parameter in operation.get("parameters", ()):
        if parameter["name"] == "idempotency-key":
            # Optional to FastAPI alone, which would refuse its absence in words of its own.
            parameter |= {"required": True, "schema": {"type": "string", "maxLength": 200}}
            responses["200"]["headers"] = {"X-Log-Position": POSITION}


def _refusals(operation: Mapping[str, Any], route: DeclaredRoute) -> Iterator[int]:
    """With what its answer can say no; the fuzz tests hold that it says nothing else."""
    parameters = operation.get("parameters", [])
    names = {parameter["name"] for parameter in parameters}
    body = "requestBody" in operation
    # Those that the route declares itself.
    yield from (status for status in REFUSALS if str(status) in operation["responses"])
    reads = route.method in SAFE_METHODS
    if not route.open_to_everyone:
        yield from (401, 403, 503)
    if parameters or body:
        yield 422
    if body or names & {"idempotency-key", "at_least"}:
        yield 400
    if body:
        yield 413
    if "{" in route.path or (reads and any(map(_is_id, parameters))):
        yield 404
    if not (reads or route.open_to_everyone):
        yield 409


def _is_id(parameter: Mapping[str, Any]) -> bool:
    """Whether it names something that may not be there; headers say who calls."""
    kinds = parameter["schema"].get("anyOf", [parameter["schema"]])
    return parameter["in"] == "query" and any(kind.get("format") == "uuid" for kind in kinds)


def _component(status: int) -> str:
    return f"Problem{status}"


def _refusal(status: int, text: str, service: str) -> dict[str, Any]:
    lines = [f"- `{problem}`" + (f": {meaning}" if meaning else "") for problem, meaning in _problems(status, service)]
    types = f"\n\nTypes, after `{TYPE_PREFIX}`:\n\n" + "\n".join(lines) if lines else ""
    answer: dict[str, Any] = {
        "description": text + types,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in {409, 503}:
        answer["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}}
    return answer


def _problems(status: int, service: str) -> list[tuple[str, str]]:
    """The types of problems of this status, with the first line of what is said of them in the code."""
    ours = ("shared.", f"services.{service}.")
    browsers = "shared.web.login"  # whose routes are in no document
    found = {
        error.problem: (error.__doc__ or "").partition("\n")[0]
        for error in sorted(_descendants(DomainError), key=lambda error: (error.__module__, error.__name__))
        if error.status == status
        and "problem" in vars(error)
        and error.__module__.startswith(ours)
        and error.__module__ != browsers
    }
    return sorted(found.items() | {UNCLASSED[status]} if status in UNCLASSED else found.items())


def _descendants(of: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in of.__subclasses__():
        yield child
        yield from _descendants(child)
