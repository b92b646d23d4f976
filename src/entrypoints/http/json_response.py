"""Writes JSON answers."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response


def json_response(document: Mapping[str, Any], status: int = 200, /, **headers: str) -> Response:
    """The document in UTF-8. FastAPI passes it on as it is, without validating it a second time."""
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(content, status, headers, "application/json")
