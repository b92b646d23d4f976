"""Runs the server: in this process, or in several that this one supervises."""

import signal
import sys
from contextlib import suppress

from uvicorn import Config, Server
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import ChangeReload, Multiprocess


class _Workers(Multiprocess):
    """Worker processes, which alone have the listening socket when they are told to stop.

    While this process had it as well, clients could connect when no worker accepts any more, and would be reset.
    """

    def terminate_all(self) -> None:
        """Stop the workers and close the socket. A further SIGTERM is passed on, and stops them at once."""
        super().terminate_all()
        signal.signal(signal.SIGTERM, lambda *_: Multiprocess.terminate_all(self))
        for one in self.sockets:
            one.close()


def run(config: Config) -> None:
    """Serve as `uvicorn.run` does with this configuration, whose application is given by its name.

    Raises:
        SystemExit: the application did not start.
    """
    server = Server(config)
    # uvicorn raises the second interruption on.
    with suppress(KeyboardInterrupt):
        if config.should_reload:
            ChangeReload(config, target=server.run, sockets=[config.bind_socket()]).run()
            return
        if config.workers > 1:
            _Workers(config, sockets=[config.bind_socket()]).run()
            return
        config.load_app()
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)
