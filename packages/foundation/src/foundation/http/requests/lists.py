"""Lists, page by page: how one is asked for, and how it is answered."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Request
from starlette.responses import Response

from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem
from foundation.http.requests.cursors import CursorCodec, InvalidCursor
from foundation.http.requests.preferences import prefers
from foundation.http.requests.query import query
from foundation.http.responses import json_response
from foundation.http.schemas.models import ListParameters
from foundation.http.schemas.presenting import Presenter
from foundation.kernel.access.principal import current_principal
from foundation.kernel.pagination import Page, Position
from foundation.kernel.queries import SortOrder

WhereT = TypeVar("WhereT")
SortT = TypeVar("SortT", bound=SortOrder)


@dataclass(frozen=True, slots=True)
class Listing(Generic[WhereT, SortT]):
    """A request for a page: which items and in which order, behind which position, and whether to count the list."""

    where: WhereT
    sort: SortT
    limit: int
    after: Position | None
    count: bool
    request: Request

    def response(self, page: Page[Any], present: Presenter) -> Response:
        """The page as an answer, with a link to the next one (RFC 8288)."""
        document: dict[str, Any] = {"items": present.several(page.items), "next_cursor": None}
        headers: dict[str, str] = {}
        if page.next is not None:
            cursor = _codec(self.request).encode(page.next, self.sort, self.where, current_principal().holder)
            document["next_cursor"] = cursor
            headers["Link"] = _next_link(self.request, cursor)
        if page.total is not None:
            document["total"] = page.total
            headers["Preference-Applied"] = "count=exact"
        return json_response(document, **headers)


def listing(model: type[ListParameters], filter_: type[Any]) -> Callable[[Request], Awaitable[Listing[Any, Any]]]:
    """A dependency that reads a request for a page of the list with these parameters.

    `filter_` is made of the parameters that are not those of every list, by their names.

    It raises `Problem`: 400 for a cursor of another list, and what `query` raises.
    """
    read_parameters = query(model)

    async def read(request: Request) -> Listing[Any, Any]:
        parameters = await read_parameters(request)
        where = filter_(**parameters.filters())
        after: Position | None = None
        if parameters.cursor is not None:
            try:
                after = _codec(request).decode(parameters.cursor, parameters.sort, where, current_principal().holder)
            except InvalidCursor:
                raise Problem(kinds.INVALID_CURSOR) from None
        count = prefers(request, "count", "exact")
        return Listing(where, parameters.sort, parameters.limit, after, count, request)

    return read


def _codec(request: Request) -> CursorCodec:
    codec: CursorCodec = request.app.state.cursors
    return codec


def _next_link(request: Request, cursor: str) -> str:
    """A `Link` to the next page, relative to the host, because the client chose the Host header."""
    others = urlencode({name: value for name, value in request.query_params.items() if name != "cursor"})
    # The path is a literal one, and the alphabet of a cursor needs no escapes.
    path = f"{request.app.state.public_path}{request.scope['path']}"
    return f'<{path}?{others}{"&" if others else ""}cursor={cursor}>; rel="next"'
