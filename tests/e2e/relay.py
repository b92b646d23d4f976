"""A network that can be cut: a TCP port in front of a server."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread


class Relay:
    """Passes bytes between a port of its own and the server at `target`, as long as it is plugged in.

    The port is refused before `plug_in` and after `unplug`, which also breaks every connection. While it is frozen,
    connections are accepted and nothing is passed on, as by a network that drops packets.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    def plug_in(self) -> None:
        """Accept connections from now on."""
        self._run(self._listen)

    def unplug(self) -> None:
        """Refuse connections from now on, and break those there are."""
        self._run(self._break)

    def freeze(self) -> None:
        """Pass nothing on."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def thaw(self) -> None:
        """Pass on what came meanwhile, and go on."""
        self._loop.call_soon_threadsafe(self._flowing.set)

    def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        async def run() -> None:
            await work()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def _break(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._connections.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(asyncio.create_task(self._pass_on(reader, writer)))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        try:
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        finally:
            writer.transport.abort()
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while content := await reader.read(65536):
                await self._flowing.wait()
                writer.write(content)
                await writer.drain()
        writer.transport.abort()


@contextmanager
def relay(target: tuple[str, int]) -> Iterator[Relay]:
    """A relay in a thread of its own, unplugged at first."""
    one = Relay(target)
    thread = Thread(target=one._loop.run_forever, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.unplug()
        one._loop.call_soon_threadsafe(one._loop.stop)
        thread.join(10)
        one._loop.close()
