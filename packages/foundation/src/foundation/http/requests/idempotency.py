"""The header `Idempotency-Key`: a request that is sent again under the same key is carried out once."""

import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final, TypeAlias

from fastapi import Depends, Request

from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem
from foundation.kernel.access.principal import current_principal
from foundation.kernel.idempotency import Outcome
from foundation.kernel.idempotency_keys import IdempotencyKey

# Visible ASCII (RFC 5234, B.1, VCHAR).
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


async def _read_key(request: Request) -> IdempotencyKey | None:
    values = request.headers.getlist("idempotency-key")
    if not values:
        return None
    if len(values) > 1 or not _KEY.fullmatch(values[0]):
        raise Problem(
            kinds.MALFORMED_REQUEST,
            "Idempotency-Key is one header of 1 to 255 visible ASCII characters without blanks.",
        )
    template = request.app.state.templates[request.scope["endpoint"]]
    return IdempotencyKey(current_principal().holder, f"{request.method} {template}", values[0])


IdempotencyKeyHeader: TypeAlias = Annotated[IdempotencyKey | None, Depends(_read_key)]
"""The key of the request, if it has one. Raises `Problem`: 400 for a header that is repeated or is not a key."""


def refuse_key(sentence: str) -> Callable[[Request], Coroutine[Any, Any, None]]:
    """A dependency of routes that keep no keys: ignoring a key would break the promise that it stands for.

    It raises `Problem` when there is a key: 400, with the sentence, which says why.
    """

    async def refuse(request: Request) -> None:
        if "idempotency-key" in request.headers:
            raise Problem(kinds.MALFORMED_REQUEST, sentence)

    return refuse


def replay_headers(outcome: Outcome[Any]) -> dict[str, str]:
    """The header that marks the answer to an earlier request with the same key."""
    return {"Idempotent-Replayed": "true"} if outcome.replayed else {}
