"""The application of a service: its routers plus what every service has."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI

from shared.web import document, health, held_keys, ops, problems, repeated
from shared.web.body_hash import BodyHashes
from shared.web.body_limit import BodyLimit
from shared.web.consistency import Applied
from shared.web.document import DocumentedApp
from shared.web.requests import Requests
from shared.web.routes import check_every_route_has_a_rule
from shared.web.runtime import ServiceRuntime
from shared.web.tokens import Tokens, keys_from


def create_app(service: ServiceRuntime, routers: Sequence[APIRouter]) -> FastAPI:
    """Raises `RouteWithoutRule` if an endpoint is not opened to anybody."""
    settings = service.settings
    app = DocumentedApp(settings.name)
    app.state.runtime = service
    app.state.stopping = False
    app.state.tokens = Tokens(settings.oidc_issuer, settings.oidc_audience, keys_from(settings.oidc_jwks_url))
    app.state.applied = Applied(service)
    app.state.body_hashes = BodyHashes(service.pool)
    problems.install(app)
    repeated.install(app)
    # One route after the other is compared with the path: those that are asked all the time stand first.
    for router in (*routers, document.router, health.router, ops.router, held_keys.router):
        app.include_router(router)
    app.add_middleware(BodyLimit)
    app.add_middleware(Requests, service=settings.name, log_id=settings.log_id, root_path=settings.root_path)
    check_every_route_has_a_rule(app)
    return app
