"""Ends the wait for a body that arrives too slowly."""

import asyncio
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Send

from foundation.http.edge.first_step import FirstStep
from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem
from foundation.kernel.deadline import postpone_deadline

# Bytes per second. Slower than any modem, so that only an attacker, or a client that is gone, falls below.
SLOWEST: Final = 16 * 1024


class BodyDeadline:
    """A budget of `timeout` seconds that waiting for the body uses up, and what arrives gives back.

    Only the time spent in `receive` counts, so that a slow storage is not the client's fault. What arrives gives back
    the time that it takes at 16 KiB a second, up to the whole `timeout`.

    `awaits_continue` says that the client sends the body when it is told 100 (Continue), which the server tells it
    when the body is asked for.
    """

    def __init__(self, receive: Receive, timeout: float, *, awaits_continue: bool) -> None:
        self._receive = receive
        self._timeout = timeout
        self._left = timeout
        self._awaits_continue = awaits_continue
        self._ended = False

    async def receive(self) -> Message:
        """The next piece. Raises `Problem`: 408 when the budget is used up."""
        self._awaits_continue = False
        if self._ended:
            return await self._receive()
        first = FirstStep(self._receive())
        if first.done:  # as nearly always: it was there already
            message: Message = first.result
        else:
            message = await self._in_time(first)
        self._ended = not message.get("more_body", False)
        return message

    async def _in_time(self, first: FirstStep) -> Message:
        now = asyncio.get_running_loop().time
        began = now()
        try:
            async with asyncio.timeout(self._left):
                message: Message = await first
        except TimeoutError:
            raise Problem(kinds.REQUEST_TIMEOUT, headers={"Connection": "close"}) from None
        arrived = len(message.get("body", b"")) / SLOWEST
        waited = now() - began
        self._left = min(self._timeout, self._left - waited + arrived)
        postpone_deadline(waited)
        return message

    def closing_unread(self, send: Send) -> Send:
        """`send`, except that an answer to a client that was never told to go on with its body ends the connection.

        Whether it sends the body nevertheless is its choice (RFC 9110, 10.1.1), so the next request might begin in
        one of two places.
        """
        if not self._awaits_continue:
            return send

        async def send_and_close(message: Message) -> None:
            if message["type"] == "http.response.start" and self._awaits_continue:
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        return send_and_close
