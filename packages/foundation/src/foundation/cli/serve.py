"""The command that serves the HTTP API."""

import gc
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Generic

import typer

from foundation.cli.program import ContainerT, Program, SettingsT
from foundation.setting_values import SettingsError, Storage
from foundation.settings import ServiceSettings, share_with_workers


@dataclass(frozen=True, slots=True, kw_only=True)
class Served(Generic[SettingsT, ContainerT]):
    """What is served.

    Attributes:
        application: The function that makes the ASGI application, as `module:function`.
        sources: The directory whose files `--reload` watches.
        open_database: Opens the database of a container, and fails if the settings do not name one.
        upgrade: Applies the pending migrations.
    """

    application: str
    sources: Path
    open_database: Callable[[ContainerT], object]
    upgrade: Callable[[SettingsT], None]


def add_serve(app: typer.Typer, program: Program[SettingsT, ContainerT], served: Served[SettingsT, ContainerT]) -> None:
    """Add the command `serve` to `app`."""

    @app.command()
    def serve(
        host: Annotated[str | None, typer.Option(help="The address to bind to. [default: SERVER_HOST]")] = None,
        port: Annotated[
            int | None,
            typer.Option(min=0, max=65535, help="The port; 0 takes a free one. [default: SERVER_PORT]"),
        ] = None,
        workers: Annotated[
            int | None, typer.Option(min=1, max=256, help="Worker processes. [default: SERVER_WORKERS]")
        ] = None,
        *,
        reload: Annotated[bool, typer.Option("--reload", help="Start again when a source file changes.")] = False,
        upgrade_embedded: Annotated[
            bool,
            typer.Option("--upgrade-embedded", help="First bring an SQLite database to the newest migration."),
        ] = False,
    ) -> None:
        """Serve the HTTP API."""
        # Nearly all objects that a start makes stay, so that a garbage collection finds nothing and takes a tenth of
        # the time. It is enabled again when the application is made.
        gc.disable()
        given = {"server_host": host, "server_port": port, "server_workers": workers}
        settings = program.load_settings(**{name: value for name, value in given.items() if value is not None})
        if reload and settings.server_workers > 1:
            raise SettingsError("--reload serves with one worker; leave it out, or use --workers 1.")
        settings.check_serving(host=settings.server_host, workers=settings.server_workers)
        # Once here, and not in each worker.
        container = program.open_container(settings)
        if settings.storage is not Storage.MEMORY:
            served.open_database(container)
        _check_port(settings)
        if upgrade_embedded and settings.storage is Storage.SQLITE:
            served.upgrade(settings)
        _run_server(settings, served.application, served.sources if reload else None)


def _check_port(settings: ServiceSettings) -> None:
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            settings.server_host, settings.server_port, type=socket.SOCK_STREAM
        )[0]
        with closing(socket.socket(family, kind, protocol)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no name of a host"
        raise SettingsError(
            f"{settings.server_host} port {settings.server_port} cannot be bound: {reason}. "
            "Name another with --host and --port, or SERVER_HOST and SERVER_PORT."
        ) from None


def _most_requests(settings: ServiceSettings) -> int:
    """How many requests a worker may have under way: as many as have a connection to the database, or wait for one."""
    return max(settings.database_pool_size + settings.database_pool_queue, 64)


def _run_server(settings: ServiceSettings, application: str, reload_from: Path | None) -> None:
    import uvicorn

    from foundation.cli.supervisor import run
    from foundation.http.edge.admission import AdmissionControl
    from foundation.http.edge.throttling_protocol import Throttle, ThrottlingProtocol
    from foundation.telemetry.logs import logging_config

    share_with_workers(settings)
    if reload_from or settings.server_workers > 1:
        gc.enable()  # the application is made in other processes
    # When uvicorn has stopped in good order, it raises the signal again for the handler that was there before: the end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    config = uvicorn.Config(
        application,
        factory=True,
        # Called like the class, which is all that uvicorn does; and unlike a closure, workers can inherit it.
        http=partial(  # type: ignore[arg-type]  # uvicorn names the class in its signature
            ThrottlingProtocol,
            admission=AdmissionControl(_most_requests(settings)),
            throttle=Throttle(),
            head_timeout=settings.server_header_timeout,
            write_timeout=settings.server_write_timeout,
            max_connections=settings.server_max_connections,
        ),
        ws="none",
        host=settings.server_host,
        port=settings.server_port,
        workers=None if reload_from else settings.server_workers,
        reload=reload_from is not None,
        reload_dirs=[str(reload_from)] if reload_from else None,
        log_config=logging_config(settings.log_level),
        access_log=False,
        server_header=False,
        # The service does not ask who the client is, so it needs no forwarded address either.
        proxy_headers=False,
        timeout_graceful_shutdown=round(settings.server_shutdown_grace.total_seconds()),
    )
    run(config)
