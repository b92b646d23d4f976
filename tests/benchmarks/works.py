"""What the servers are asked to do."""

import itertools
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from benchmarks.contenders import Contender
from benchmarks.load import Request
from benchmarks.users import FILTERED_AFTER

USERS: Final = "/api/v1/users"
PAGE: Final = 50
"""Users on a page."""

DEEP: Final = 100_000
"""The number of the page that is compared with the first."""

_PLACES: Final = 100
_JSON: Final = {"Content-Type": "application/json"}


class Supply:
    """What requests are made of that may not come twice, or come by chance: the same in every run."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.chance = random.Random(1)  # noqa: S311 -- nothing is secret here


Requests: TypeAlias = Callable[[Supply, Contender, int, int], list[Request]]
"""Makes requests to a contender, from so many connections, the last but one argument, so many, the last."""


@dataclass(frozen=True, slots=True)
class Work:
    """A kind of request.

    Attributes:
        key: How the command line calls it.
        title: How tables call it.
        requests: Makes the requests.
    """

    key: str
    title: str
    requests: Requests


def _read_one(supply: Supply, contender: Contender, _connections: int, amount: int) -> list[Request]:
    """Anybody, by chance."""
    ids = (supply.chance.randint(1, contender.rows) for _ in range(amount))
    return [{"method": "GET", "path": f"{USERS}/{user_id}"} for user_id in ids]


def _first_page(_supply: Supply, _contender: Contender, _connections: int, amount: int) -> list[Request]:
    return [{"method": "GET", "path": f"{USERS}?limit={PAGE}"}] * amount


def _filtered_pages(supply: Supply, contender: Contender, _connections: int, amount: int) -> list[Request]:
    """Pages from anywhere in the second half of a filtered list."""
    depths = (supply.chance.randint(contender.rows // 2, contender.rows - 2 * PAGE) for _ in range(_PLACES))
    start = f"{USERS}?limit={PAGE}&created_after={FILTERED_AFTER}&"
    return _in_turn([start + contender.after(depth, FILTERED_AFTER) for depth in depths], amount)


def _deep_pages(_supply: Supply, contender: Contender, _connections: int, amount: int) -> list[Request]:
    """Page 100,000, or, where there are not as many, the one in the middle; always the same one, as page 1 is."""
    depth = min((DEEP - 1) * PAGE, contender.rows // 2)
    return _in_turn([f"{USERS}?limit={PAGE}&{contender.after(depth, None)}"], amount)


def _create(supply: Supply, _contender: Contender, _connections: int, amount: int) -> list[Request]:
    """Somebody new each time."""
    bodies = ({"email": f"new{next(supply.numbers):09}@example.com", "name": "Ada Lovelace"} for _ in range(amount))
    return [{"method": "POST", "path": USERS, "headers": _JSON, "body": json.dumps(body)} for body in bodies]


def _patch(supply: Supply, contender: Contender, connections: int, amount: int) -> list[Request]:
    """One user per connection, who is read once and then gets another name each time."""
    ids = supply.chance.sample(range(1, contender.rows + 1), connections)
    reads: list[Request] = [{"method": "GET", "path": f"{USERS}/{user_id}"} for user_id in ids]
    changes: list[Request] = [
        {
            "method": "PATCH",
            "path": f"{USERS}/{user_id}",
            "headers": _JSON,
            "body": json.dumps({"name": f"Ada King {next(supply.numbers)}"}),
            "tagged": True,
        }
        for user_id in itertools.islice(itertools.cycle(ids), amount - connections)
    ]
    return reads + changes


def _in_turn(paths: Sequence[str], amount: int) -> list[Request]:
    return [{"method": "GET", "path": path} for path in itertools.islice(itertools.cycle(paths), amount)]


READ_ONE: Final = Work("read-one", "read one", _read_one)
LIST: Final = Work("list", "list 50", _first_page)
LIST_FILTERED: Final = Work("list-filtered", "list 50 with a filter and a deep cursor", _filtered_pages)
CREATE: Final = Work("create", "create", _create)
PATCH: Final = Work("patch", "patch with `If-Match`", _patch)
DEEP_PAGE: Final = Work("deep-page", "page at depth", _deep_pages)

ALL: Final = (READ_ONE, LIST, LIST_FILTERED, CREATE, PATCH)
