"""Builds the HTTP application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import APIRouter, FastAPI

from entrypoints.container import Container, close
from entrypoints.http import docs, health, problem_pages
from entrypoints.http.envelope import Envelope
from entrypoints.http.error_handlers import install_error_handlers
from entrypoints.http.health import ReadinessMonitor
from entrypoints.http.route_table import templates_by_endpoint
from entrypoints.http.v1.users import routes as users
from entrypoints.settings import Settings, load_settings


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
        lifespan=_lifespan,
    )
    app.state.container = container
    app.state.readiness = ReadinessMonitor(container.readiness())
    app.add_middleware(Envelope)
    install_error_handlers(app)
    v1 = APIRouter(prefix="/api/v1")
    v1.include_router(users.router)
    app.include_router(v1)
    app.include_router(health.router)
    app.include_router(problem_pages.router)
    if settings.docs_enabled:
        app.include_router(docs.router)
    app.state.templates = templates_by_endpoint(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await close(app.state.container)
