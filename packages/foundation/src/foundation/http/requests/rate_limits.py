"""The headers that tell a client its rate limits: `RateLimit-Policy`, `RateLimit` and `Retry-After`.

The first two are those of draft-ietf-httpapi-ratelimit-headers, in the form that they have since revision 08: lists of
strings with parameters (RFC 9651, 3.1). Before, there were `RateLimit-Limit`, `-Remaining` and `-Reset`.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from foundation.http.problems.kinds import RATE_LIMITED
from foundation.http.problems.problem import Problem
from foundation.kernel.rate_limit import RateLimit, Taken

_NAME: Final = re.compile("[a-z][a-z0-9-]{0,31}")


@dataclass(frozen=True)
class QuotaPolicy:
    """A limit, and the name that clients know it by: a lower-case letter, and at most 31 of those, digits and hyphens.

    Raises:
        ValueError: the name is another one.
    """

    name: str
    limit: RateLimit

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("a policy needs a name of at most 32 lower-case letters, digits and hyphens")

    @cached_property
    def item(self) -> str:
        """As a member of `RateLimit-Policy` (draft, section "Quota Policy Item")."""
        return f'"{self.name}";q={self.limit.requests};w={self.limit.seconds}'

    def service_limit(self, taken: Taken) -> str:
        """What is left, as a member of `RateLimit` (draft, section "Service Limit Item").

        Its `t` is the number of seconds until the bucket is full. For a request that is refused it is that of
        `Retry-After`, which should not be less (draft, section "Server Behavior").
        """
        seconds = whole_seconds(taken.reset if taken.allowed else taken.retry_after)
        return f'"{self.name}";r={taken.remaining};t={seconds}'


def whole_seconds(seconds: float) -> int:
    """A time in seconds as headers have it: at least 1, and rounded up, so that none comes too early."""
    return max(math.ceil(seconds), 1)


def rate_limit_headers(taken: Mapping[QuotaPolicy, Taken]) -> dict[str, str]:
    """The headers of an answer whose request counted against these policies; none if it did against none."""
    if not taken:
        return {}
    return {
        "RateLimit-Policy": ", ".join(policy.item for policy in taken),
        "RateLimit": ", ".join(policy.service_limit(one) for policy, one in taken.items()),
    }


def rate_limited(taken: Mapping[QuotaPolicy, Taken], detail: str | None = None) -> Problem:
    """The problem of a request that some of these policies refused (429, RFC 6585, section 4), and why in `detail`.

    `Retry-After` is the time after which all of them would allow it (RFC 9110, section 10.2.3).
    """
    seconds = whole_seconds(max((one.retry_after for one in taken.values()), default=0))
    return Problem(RATE_LIMITED, detail, headers={**rate_limit_headers(taken), "Retry-After": str(seconds)})
