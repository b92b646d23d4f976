"""Builds the HTTP application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, FastAPI

from entrypoints.container import Container, close
from entrypoints.http.v1.users import file_routes as user_files
from entrypoints.http.v1.users import routes as users
from entrypoints.settings import Settings, load_settings
from foundation.http import health
from foundation.http.background_tasks import upkeep
from foundation.http.edge.draining import Draining
from foundation.http.edge.envelope import Envelope
from foundation.http.edge.strict_input import StrictInput
from foundation.http.health import ReadinessMonitor
from foundation.http.openapi import docs_page
from foundation.http.openapi.document import install_openapi
from foundation.http.problems import pages
from foundation.http.problems.error_handlers import install_error_handlers
from foundation.http.routing.direct_routes import DirectRoutes
from foundation.http.routing.route_table import templates_by_endpoint


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application, with a container of its own; `settings` are those of the environment unless given.

    Raises:
        SettingsError: a setting has a value it may not have.
        StorageMisconfigured: the storage cannot be used as the settings name it.
    """
    settings = settings or load_settings()
    container = Container(settings=settings)
    app = FastAPI(
        title="fastapi-service",
        version=version("fastapi-service"),
        description="Users, over HTTP. Every error is a problem document (RFC 9457).",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        # FastAPI's own traces would carry addresses, and so the email addresses that lists are filtered by.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=_lifespan,
    )
    app.state.container = container
    app.state.readiness = ReadinessMonitor(container.readiness())
    app.state.draining = Draining()
    app.add_middleware(DirectRoutes, routes=app.routes)
    app.add_middleware(
        StrictInput,
        allowed_hosts=settings.allowed_hosts,
        body_timeout=settings.server_body_timeout.total_seconds(),
    )
    app.add_middleware(Envelope)
    install_error_handlers(app)
    v1 = APIRouter(prefix="/api/v1")
    v1.include_router(users.router)
    v1.include_router(user_files.router)
    app.include_router(v1)
    app.include_router(health.router)
    app.include_router(pages.router)
    if settings.docs_enabled:
        app.include_router(docs_page.router)
    app.state.templates = templates_by_endpoint(app)
    install_openapi(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    container: Container = app.state.container
    with app.state.draining.on_sigterm(container.settings().server_drain_delay):
        async with upkeep(container.forget_expired_keys()):
            yield
    await close(container)
