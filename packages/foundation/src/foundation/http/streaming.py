"""Answers that are written while they are being sent."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import StreamingResponse

from foundation.kernel.errors import ApplicationError

logger = logging.getLogger("service.http")


class AnswerBrokenOff(Exception):
    """The answer has begun and can be neither finished nor taken back."""


def streamed(request: Request, content: AsyncGenerator[bytes, None], headers: Mapping[str, str]) -> StreamingResponse:
    """The content as an answer; to HEAD, its headers only.

    Each piece is asked for when the one before it has been sent, so a slow reader costs a piece of memory and nothing
    else. An `ApplicationError` breaks the connection.
    """
    if request.scope["state"]["head"]:
        return StreamingResponse(_nothing(), headers=headers)
    return StreamingResponse(_pieces(content, request.scope["state"]["request_id"]), headers=headers)


async def _pieces(content: AsyncGenerator[bytes, None], request_id: str) -> AsyncIterator[bytes]:
    async with aclosing(content):
        try:
            async for piece in content:
                yield piece
        except ApplicationError as error:
            logger.warning("answer broken off: %s", error.code, extra={"request_id": request_id})
            raise AnswerBrokenOff from error


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""
