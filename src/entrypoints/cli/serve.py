"""`fastapi-service serve`: the HTTP server."""

import gc
import signal
import socket
import sys
from contextlib import closing
from functools import partial
from typing import Annotated

import typer

from entrypoints.migration_files import migrations_root
from entrypoints.settings import Settings, SettingsError, Storage, load_settings, share_cursor_key


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
    # Nearly all that a start makes stays, so that the search for garbage finds none and takes a tenth of the time. It
    # goes on when the application is made.
    gc.disable()
    given = {"server_host": host, "server_port": port, "server_workers": workers}
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    if reload and settings.server_workers > 1:
        raise SettingsError("--reload serves with one worker; leave it out, or use --workers 1.")
    settings.check_serving(host=settings.server_host, workers=settings.server_workers)
    _check_storage(settings)
    _check_port(settings)
    if upgrade_embedded and settings.storage is Storage.SQLITE:
        _upgrade(settings)
    _run_server(settings, reload=reload)


def _check_storage(settings: Settings) -> None:
    """Find out now, and not in each worker, that the storage cannot be used as it is named."""
    from entrypoints.container import Container

    container = Container(settings=settings)
    if settings.storage is not Storage.MEMORY:
        container.storage()


def _check_port(settings: Settings) -> None:
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


def _upgrade(settings: Settings) -> None:
    from entrypoints.cli.db import upgrade_to_head

    upgrade_to_head(settings)


def _run_server(settings: Settings, *, reload: bool) -> None:
    import uvicorn

    from foundation.http.edge.protocol import HttpProtocol
    from foundation.telemetry.logs import logging_config

    share_cursor_key(settings)
    if reload or settings.server_workers > 1:
        gc.enable()  # the application is made in other processes
    # When uvicorn has stopped in good order, it raises the signal again, for whoever listened before: that is the end.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    uvicorn.run(
        "entrypoints.http.serving:served_app",
        factory=True,
        # Called like the class, which is all that uvicorn does; and unlike a closure, workers can inherit it.
        http=partial(  # type: ignore[arg-type]  # uvicorn names the class in its signature
            HttpProtocol,
            head_timeout=settings.server_header_timeout,
            write_timeout=settings.server_write_timeout,
        ),
        ws="none",
        host=settings.server_host,
        port=settings.server_port,
        workers=None if reload else settings.server_workers,
        reload=reload,
        reload_dirs=[str(migrations_root() / "src")] if reload else None,
        log_config=logging_config(settings.log_level),
        access_log=False,
        server_header=False,
        # Nothing here asks who the client is, so nobody needs to believe what it says about that.
        proxy_headers=False,
        timeout_graceful_shutdown=round(settings.server_shutdown_grace.total_seconds()),
    )
