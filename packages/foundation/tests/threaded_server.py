"""A server in a thread of this process, with a protocol that is to be tested."""

import threading
import time
from typing import Any

from uvicorn import Config, Server

PATIENCE = 10.0


class ThreadedServer:
    """It is started when it is made, and listens at `address`."""

    def __init__(self, application: Any, protocol: Any) -> None:
        config = Config(
            application,
            http=protocol,  # called like the class
            port=0,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
        )
        self.server = Server(config)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        ended = time.monotonic() + PATIENCE
        while not self.server.started:
            assert time.monotonic() < ended
            time.sleep(0.01)
        self.address: tuple[str, int] = self.server.servers[0].sockets[0].getsockname()
