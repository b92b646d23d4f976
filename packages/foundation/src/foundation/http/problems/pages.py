"""A page for each kind of problem: what the `type` of a problem document leads to."""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Response
from pydantic import WithJsonSchema

from foundation.http.openapi.headers import described_page, headers_of_page
from foundation.http.openapi.operations import html_page, responses
from foundation.http.openapi.problem_answers import problem_examples
from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem, ProblemKind
from foundation.http.requests.negotiation import answers
from foundation.http.requests.query import NoParameters, query

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2024; --dim: #5b6570; --line: #d9dde2; --paper: #ffffff; --shade: #f4f5f7 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaed; --dim: #9aa4af; --line: #363c44; --paper: #15181c; --shade: #1e2227 }
}
body { margin: 0; background: var(--paper); color: var(--ink); font: 1.0625rem/1.6 system-ui, sans-serif }
main { max-width: 42rem; margin: 0 auto; padding: 3rem 1.25rem 4rem }
h1 { margin: 0 0 .25rem; font-size: 1.75rem; line-height: 1.25; text-wrap: balance }
h2 { margin: 2rem 0 .25rem; font-size: 1.0625rem }
p { margin: 0 }
.kind { color: var(--dim); padding-bottom: 1.25rem; border-bottom: 1px solid var(--line) }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; background: var(--shade); border-radius: .3em }
code { padding: .1em .3em; overflow-wrap: anywhere }
pre { margin: .5rem 0 0; padding: .9rem 1rem; line-height: 1.5; border: 1px solid var(--line); white-space: pre-wrap;
  overflow-wrap: anywhere }
"""
_PAGE: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{title} ({status})</title>
  <style>{style}</style>
</head>
<body>
<main>
  <h1>{title}</h1>
  <p class="kind">Status {status}, type <code>/problems/{slug}</code></p>
  <h2>What happened</h2>
  <p>{happened}</p>
  <h2>What to do</h2>
  <p>{to_do}</p>
  <h2>An example</h2>
  <pre>{example}</pre>
</main>
</body>
</html>
"""
# The page may use this style, known by its hash, and nothing else (CSP Level 3, 8.3).
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS: Final = headers_of_page(
    f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_CODE: Final = re.compile("`([^`]*)`")


def problem_pages(catalogue: Sequence[ProblemKind]) -> APIRouter:
    """The routes of the pages about these kinds."""
    router = APIRouter(
        prefix="/problems",
        tags=["documentation"],
        dependencies=[Depends(query(NoParameters)), Depends(answers("text/html"))],
    )
    slugs = [kind.slug for kind in catalogue]
    schema = WithJsonSchema({"type": "string", "enum": slugs, "examples": [kinds.VALIDATION_FAILED.slug]})
    pages = cache(lambda: _pages(catalogue))  # written when the first one is asked for

    @router.get(
        "/{slug}",
        summary="A page about a kind of problem",
        responses=responses(
            200, "The page.", kinds.NOT_FOUND, content=html_page(), headers=described_page(_HEADERS), storage=False
        ),
    )
    async def problem_page(slug: Annotated[str, Path(description="The last part of `type`."), schema]) -> Response:
        """Explain one kind of problem."""
        page = pages().get(slug)
        if page is None:
            raise Problem(kinds.NOT_FOUND)
        return Response(page, headers=_HEADERS, media_type="text/html")

    return router


def _pages(catalogue: Sequence[ProblemKind]) -> dict[str, str]:
    """The pages by the slugs of their kinds."""
    examples = problem_examples(catalogue)
    return {
        kind.slug: _PAGE.format(
            style=_STYLE,
            title=escape(kind.title.removesuffix(".")),
            status=kind.status,
            slug=kind.slug,
            happened=_marked_up(kind.happened),
            to_do=_marked_up(kind.to_do),
            example=escape(json.dumps(examples[kind.slug]["value"], indent=2), quote=False),
        )
        for kind in catalogue
    }


def _marked_up(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=False))
