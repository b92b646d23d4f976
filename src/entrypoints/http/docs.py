"""The OpenAPI document and its page: Swagger UI, from files of the installation, so that no other host is asked."""

from functools import cache
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Depends, Request, Response

from entrypoints.http.json_response import json_response
from entrypoints.http.problems import Problem, ProblemKind
from entrypoints.http.query import NoParameters, query

router = APIRouter(include_in_schema=False, dependencies=[Depends(query(NoParameters))])

_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>fastapi-service: the API</title>
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
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_MEDIA_TYPES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}


@router.get("/openapi.json")
async def openapi_document(request: Request) -> Response:
    """The document. FastAPI's own route would not refuse query parameters."""
    return json_response(request.app.openapi())


@router.get("/docs")
async def docs_page() -> Response:
    """The page."""
    return Response(_PAGE, headers={"Content-Security-Policy": _POLICY}, media_type="text/html")


@router.get("/docs/start.js")
async def docs_start() -> Response:
    """The script that starts the page; a file, because the policy allows no script inside it."""
    return Response(_START, media_type="text/javascript")


@router.get("/docs/{name}")
async def docs_file(name: str) -> Response:
    """A file of Swagger UI."""
    if name not in _MEDIA_TYPES:
        raise Problem(ProblemKind.NOT_FOUND)
    return Response(_read(name), media_type=_MEDIA_TYPES[name])


@cache
def _read(name: str) -> bytes:
    return files("fastapi_swagger.resources").joinpath(name).read_bytes()
