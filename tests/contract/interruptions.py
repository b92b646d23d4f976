"""What can happen between the service and a PostgreSQL server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy import URL, make_url, text

from plain_sql import connected


def terminate_sessions(url: str) -> int:
    """End every session of the service on the database at `url`, as an administrator would; how many there were."""
    with connected(url) as connection:
        found = connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'fastapi-service'"
            )
        ).all()
    assert all(terminated for (terminated,) in found)
    return len(found)


@dataclass
class BreakingProxy:
    """Connections between the service and the server that break when the service sends COMMIT.

    `delivers` says whether the server still gets the COMMIT; its answer never arrives. `breaks` counts.
    """

    delivers: bool = True
    breaks: int = 0
    _connections: list[asyncio.Task[None]] = field(default_factory=list)

    @asynccontextmanager
    async def to(self, url: str) -> AsyncIterator[str]:
        """The URL of the server at `url`, through this proxy."""
        direct = make_url(url)

        def connect(*service: *tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
            self._connections.append(asyncio.create_task(self._carry(direct, *service)))

        async with await asyncio.start_server(connect, "127.0.0.1", 0) as listener:
            port = listener.sockets[0].getsockname()[1]
            yield direct.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
            await asyncio.gather(*self._connections)

    @property
    def open(self) -> int:
        """How many connections the service holds, also half open ones."""
        return sum(not connection.done() for connection in self._connections)

    async def _carry(self, url: URL, from_service: asyncio.StreamReader, to_service: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(url.host, url.port)
        async with closing(to_service), closing(to_server):
            answers = asyncio.create_task(_carry_until(b"", from_server, to_service))
            last_words = await _carry_until(b"COMMIT", from_service, to_server)
            answers.cancel()
            await asyncio.wait([answers])
            if last_words is not None:
                self.breaks += 1
                if self.delivers:
                    to_server.write(last_words)
                    # The server answers when it has committed.
                    await from_server.read(1)


async def _carry_until(end: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
    """Carry what `reader` says; what contains `end` is returned instead, and None when the reader falls silent."""
    while chunk := await reader.read(65536):
        if end and end in chunk:
            return chunk
        writer.write(chunk)
        await writer.drain()
    writer.write_eof()
    return None


@asynccontextmanager
async def closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    """Close one end of a connection afterwards."""
    try:
        yield
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
