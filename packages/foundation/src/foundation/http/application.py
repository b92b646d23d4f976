"""Assembles the HTTP application of a service."""

import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from foundation.http import health
from foundation.http.access.access_control import AccessControl, forbidden
from foundation.http.access.authentication import Authentication, CredentialAuthenticator
from foundation.http.access.limits import Limiters, RequestLimits
from foundation.http.access.scopes import scope_checks, scope_of
from foundation.http.background_tasks import run_periodically
from foundation.http.edge.cross_origin import CrossOrigin
from foundation.http.edge.draining import Draining
from foundation.http.edge.envelope import Envelope
from foundation.http.edge.strict_input import StrictInput
from foundation.http.health import ReadinessMonitor
from foundation.http.openapi import docs_page
from foundation.http.openapi.document import install_openapi
from foundation.http.problems.catalogue import ProblemCatalogue
from foundation.http.problems.error_handlers import install_error_handlers
from foundation.http.problems.pages import problem_pages
from foundation.http.problems.problem import Problem, ProblemKind
from foundation.http.requests.cursors import CursorCodec
from foundation.http.routing.direct_routes import DirectRoutes
from foundation.http.routing.route_table import templates_by_endpoint
from foundation.kernel.access.policy import Forbidden
from foundation.kernel.storage import StorageReadiness
from foundation.settings import ServiceSettings, is_loopback
from foundation.transport_security import unverified_settings

logger = logging.getLogger("service.http")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind of resource: its routes, and the problems of its own errors (see `ProblemCatalogue`).

    Where an error has a presenter, the presenter decides; `errors` says what kind is documented and logged.

    The routes have the tag `tag`, which `description` explains in the documentation. `refers_to` has the tags of the
    resources that cannot be deleted while one of this kind refers to them: their documentation says so.
    """

    tag: str
    description: str
    routers: Sequence[APIRouter]
    errors: Mapping[type[Exception], ProblemKind] = field(default_factory=dict)
    presenters: Mapping[type[Exception], Callable[[Any], Problem]] = field(default_factory=dict)
    refers_to: Collection[str] = ()


# Of Starlette and FastAPI, around all others.
_IDLE: Final = frozenset({"ServerErrorMiddleware", "ExceptionTelemetryMiddleware", "AppBodyLimitMiddleware"})


class Application(FastAPI):
    """A FastAPI application whose requests begin with its outermost middleware: `Envelope`, unless one is added.

    FastAPI and Starlette put three layers around that: for errors that nothing handles, which `Envelope` handles; for
    telemetry, which is off; and for a limit of bodies, which routes have of their own.
    """

    _first: ASGIApp

    def build_middleware_stack(self) -> ASGIApp:
        """The layers, as FastAPI builds them; requests begin further inside."""
        stack = self._first = super().build_middleware_stack()
        while type(self._first).__name__ in _IDLE:
            self._first = self._first.app  # type: ignore[attr-defined]  # each of them has it
        return stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or what else the server asks for."""
        if scope["type"] != "http" or self.middleware_stack is None or self.root_path:
            await super().__call__(scope, receive, send)
            return
        scope["app"] = self
        await self._first(scope, receive, send)


def build_application(
    *,
    title: str,
    version: str,
    info: Mapping[str, Any],
    prefix: str,
    resources: Sequence[Resource],
    settings: ServiceSettings,
    container: object,
    readiness: StorageReadiness,
    authenticators: Sequence[CredentialAuthenticator] = (),
    limiters: Limiters | None = None,
    scopes: Collection[str] = (),
    background_tasks: Mapping[str, Callable[[], Awaitable[object]]],
    start: Callable[[], object] = lambda: None,
    close: Callable[[], Awaitable[None]],
) -> FastAPI:
    """The application, with health, documentation and problem pages beside the `resources`, which are below `prefix`.

    `info` are more members of the document's `info`. Without a cursor key in the `settings`, cursors are good in this
    process only. `container` has the providers that routes ask for by name (`provided`). `background_tasks`, by the
    names that the log calls them, run periodically while the application is served; `start` is called in the event
    loop before, and `close` is awaited at the end.
    Without `authenticators`, no route asks who sends a request, and without `limiters` no request is counted. `scopes`
    are all that credentials may have; the document names them.

    Raises:
        ValueError: two kinds of problems have the same slug, a route of a resource declares no scope, or AUTH_MODE asks
            for credentials that no authenticator takes.
    """
    if settings.auth_mode and not authenticators:
        raise ValueError(
            "AUTH_MODE asks for credentials, and there are no authenticators: see foundation.access.Access"
        )
    problems = _problems(resources)
    access = _access_control(authenticators, limiters, settings)
    app = Application(
        title=title,
        version=version,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        # FastAPI's own traces would have whole addresses, and so the personal data in the filters of lists.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        lifespan=_lifespan(settings, background_tasks, start, close),
    )
    app.state.container = container
    app.state.problems = problems
    app.state.access = access
    app.state.draining = Draining()
    app.state.readiness = ReadinessMonitor(readiness)
    _keep_settings(app, settings)
    install_error_handlers(app)
    _include_routes(app, prefix, resources, docs_enabled=settings.docs_enabled)
    app.state.templates = templates_by_endpoint(app)
    _add_middleware(app, settings, access)
    install_openapi(
        app,
        info=info,
        tags=[{"name": resource.tag, "description": resource.description} for resource in resources],
        referred={tag for resource in resources for tag in resource.refers_to},
        catalogue=problems.kinds,
        public_path=settings.public_path,
        credentials=settings.auth_mode if authenticators else None,
        limited=limiters is not None and bool(limiters.by_address or limiters.by_principal),
        scopes=scopes,
    )
    return app


def _problems(resources: Sequence[Resource]) -> ProblemCatalogue:
    return ProblemCatalogue(
        {error: kind for resource in resources for error, kind in resource.errors.items()},
        {
            Forbidden: forbidden,
            **{error: present for resource in resources for error, present in resource.presenters.items()},
        },
    )


def _keep_settings(app: FastAPI, settings: ServiceSettings) -> None:
    """What routes need of the settings, in the state of the application."""
    cursor_key = settings.cursor_key.get_secret_value().encode() if settings.cursor_key else secrets.token_bytes(32)
    app.state.cursors = CursorCodec(cursor_key)
    app.state.public_path = settings.public_path
    app.state.require_if_match = settings.require_if_match


def _add_middleware(app: FastAPI, settings: ServiceSettings, access: AccessControl | None) -> None:
    """The innermost first."""
    app.add_middleware(DirectRoutes, routes=app.routes, unneeded=scope_checks() if access is None else ())
    app.add_middleware(
        StrictInput,
        allowed_hosts=settings.allowed_hosts,
        body_timeout=settings.server_body_timeout.total_seconds(),
        on_loopback=is_loopback(settings.server_host),
    )
    if settings.cors_allowed_origins:
        app.add_middleware(CrossOrigin, origins=settings.cors_allowed_origins)
    app.add_middleware(
        Envelope,
        request_timeout=settings.request_timeout.total_seconds(),
        draining=app.state.draining,
        templates=app.state.templates,
        access=access,
    )


def _include_routes(app: FastAPI, prefix: str, resources: Sequence[Resource], *, docs_enabled: bool) -> None:
    for resource in resources:
        for router in resource.routers:
            _check_scopes(router)
            app.include_router(router, prefix=prefix, tags=[resource.tag])
    app.include_router(health.router)
    app.include_router(problem_pages(app.state.problems.kinds))
    if docs_enabled:
        app.include_router(docs_page.router)


def _access_control(
    authenticators: Sequence[CredentialAuthenticator], limiters: Limiters | None, settings: ServiceSettings
) -> AccessControl | None:
    """What stands before the routes; None where it would do nothing."""
    if not authenticators and limiters is None and not settings.audited and settings.tenant is None:
        return None
    limits = RequestLimits(limiters or Limiters())
    authentication = Authentication(authenticators, limits) if authenticators else None
    return AccessControl(authentication, limits, settings.tenant)


def _check_scopes(router: APIRouter) -> None:
    for route in router.routes:
        if not isinstance(route, APIRoute) or scope_of(route) is None:
            raise ValueError(
                f"the route {getattr(route, 'path', route)} declares no scope: see http.access.scopes.scoped"
            )


def _lifespan(
    settings: ServiceSettings,
    background_tasks: Mapping[str, Callable[[], Awaitable[object]]],
    start: Callable[[], object],
    close: Callable[[], Awaitable[None]],
) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        logger.info("storage: %s", settings.place)
        if unverified := unverified_settings(settings):
            logger.warning(
                "%s: a machine on the way to the database could read and change what is sent; sslmode=verify-full"
                " prevents it",
                ", ".join(unverified),
            )
        start()
        with app.state.draining.on_sigterm(settings.server_drain_delay):
            async with AsyncExitStack() as running:
                for name, task in background_tasks.items():
                    await running.enter_async_context(run_periodically(task, name))
                yield
        await close()

    return lifespan
