"""A page for each kind of problem: what the `type` of a problem document leads to."""

from html import escape
from typing import Final

from fastapi import APIRouter, Depends, Response

from entrypoints.http.problems import Problem, ProblemKind
from entrypoints.http.query import NoParameters, query

router = APIRouter(prefix="/problems", include_in_schema=False, dependencies=[Depends(query(NoParameters))])

_KINDS: Final = {kind.value.slug: kind.value for kind in ProblemKind}
_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{slug}</title>
</head>
<body>
  <h1>{title}</h1>
  <p>Status {status}, type <code>/problems/{slug}</code></p>
  <p>{advice}</p>
</body>
</html>
"""


@router.get("/{slug}")
async def problem_page(slug: str) -> Response:
    """Explain one kind of problem."""
    kind = _KINDS.get(slug)
    if kind is None:
        raise Problem(ProblemKind.NOT_FOUND)
    page = _PAGE.format(slug=kind.slug, status=kind.status, title=escape(kind.title), advice=escape(kind.advice))
    return Response(page, media_type="text/html")
