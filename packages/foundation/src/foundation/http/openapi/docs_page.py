"""The OpenAPI document and its page: Swagger UI, from files of the installation, so that no other host is asked."""

import asyncio
from functools import cache
from html import escape
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from foundation.http.openapi.headers import described_page, headers_of_page
from foundation.http.openapi.operations import html_page, responses
from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem
from foundation.http.requests.json_body import JSON
from foundation.http.requests.negotiation import answers
from foundation.http.requests.query import NoParameters, query
from foundation.http.responses import json_response

router = APIRouter(tags=["documentation"], dependencies=[Depends(query(NoParameters))])

_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title}: the API</title>
  <link rel="icon" href="docs/favicon-32x32.png">
  <link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="docs/swagger-ui-bundle.js"></script>
  <script src="docs/start.js"></script>
</body>
</html>
"""
_START: Final = """\
window.addEventListener("load", () => {
  SwaggerUIBundle({ url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null });
});
"""
# Swagger UI writes style attributes and draws its icons from data: addresses.
_HEADERS: Final = headers_of_page(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_DOCUMENT_SCHEMA: Final = {
    "type": "object",
    "required": ["openapi", "info", "paths"],
    "properties": {"openapi": {"type": "string", "pattern": r"^3\.1\.[0-9]+$", "maxLength": 10, "examples": ["3.1.0"]}},
}
_MEDIA_TYPES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}


@router.get(
    "/openapi.json",
    summary="This document",
    dependencies=[Depends(answers(JSON))],
    responses=responses(200, "The document.", content={JSON: {"schema": _DOCUMENT_SCHEMA}}, storage=False),
)
async def openapi_document(request: Request) -> Response:
    """The OpenAPI document that you are reading, or that your tools are."""
    # FastAPI's own route would not refuse query parameters. Making the document, the first time, takes long.
    return json_response(await asyncio.to_thread(request.app.openapi))


@router.get(
    "/docs",
    summary="The page of this document",
    dependencies=[Depends(answers("text/html"))],
    responses=responses(200, "The page.", content=html_page(), headers=described_page(_HEADERS), storage=False),
)
async def docs_page(request: Request) -> Response:
    """A page that shows this document, and can try what it says. It loads nothing from another host."""
    page = _PAGE.format(title=escape(request.app.title))
    return Response(page, headers=_HEADERS, media_type="text/html")


@router.get("/docs/start.js", include_in_schema=False)
async def docs_start() -> Response:
    """The script that starts the page; a file, because the policy allows no script inside it."""
    return Response(_START, media_type="text/javascript")


@router.get("/docs/{name}", include_in_schema=False)
async def docs_file(name: str) -> Response:
    """A file of Swagger UI."""
    if name not in _MEDIA_TYPES:
        raise Problem(kinds.NOT_FOUND)
    content = await asyncio.to_thread(_read, name)  # from a disk that may be slow
    return Response(content, media_type=_MEDIA_TYPES[name])


@cache
def _read(name: str) -> bytes:
    return files("fastapi_swagger.resources").joinpath(name).read_bytes()
