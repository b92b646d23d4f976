"""The header `Idempotency-Key`: a request that is sent again under the same key is carried out once."""

import re
from typing import Annotated, Any, Final, TypeAlias

from fastapi import Depends, Request

from foundation.http.problems.problem import Problem, ProblemKind
from foundation.kernel.idempotency import Outcome
from foundation.kernel.idempotency_keys import IdempotencyKey

# Visible ASCII (RFC 5234, B.1, VCHAR).
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
# Who sends a request, as long as nobody has to say it.
_ANYBODY: Final = "anonymous"


async def _read_key(request: Request) -> IdempotencyKey | None:
    values = request.headers.getlist("idempotency-key")
    if not values:
        return None
    if len(values) > 1 or not _KEY.fullmatch(values[0]):
        raise Problem(
            ProblemKind.MALFORMED_REQUEST,
            "Idempotency-Key is one header of 1 to 255 visible ASCII characters without blanks.",
        )
    template = request.app.state.templates[request.scope["endpoint"]]
    return IdempotencyKey(_ANYBODY, f"{request.method} {template}", values[0])


GivenKey: TypeAlias = Annotated[IdempotencyKey | None, Depends(_read_key)]
"""The key of the request, if it has one. Raises `Problem`: 400 for a header that is repeated or no key."""


async def refuse_key(request: Request) -> None:
    """A dependency of routes that keep no keys: one that is given and ignored would promise what is not held.

    Raises `Problem`: 400 when there is a key.
    """
    if "idempotency-key" in request.headers:
        raise Problem(
            ProblemKind.MALFORMED_REQUEST,
            "An import takes no Idempotency-Key. It may be repeated with on_conflict=skip, which leaves out the users "
            "that an earlier one brought.",
        )


def replay_headers(outcome: Outcome[Any]) -> dict[str, str]:
    """The header that marks the answer to an earlier request with the same key."""
    return {"Idempotent-Replayed": "true"} if outcome.replayed else {}
