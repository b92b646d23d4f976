"""How the document says which credentials an operation needs."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from foundation.http.access.scopes import MARK
from foundation.http.openapi.headers import RATE_LIMITS
from foundation.http.openapi.problem_answers import COMPONENT, problem_answers
from foundation.http.problems import kinds
from foundation.http.problems.problem import PROBLEM_MEDIA_TYPE, ProblemKind
from foundation.setting_values import AuthMode

SCHEME: Final = "Bearer"
LIST_OF_SCOPES: Final = "x-list-of-scopes"
"""The member of the schema of a list of scopes until the document is made: true for one that is sent."""

_BLANK: Final = r"[\t-\r ]"
_CREDENTIALS: Final = {
    AuthMode.API_KEYS: "an API key of this service (`svc_...`)",
    AuthMode.OIDC: "an access token of its provider",
}
_WITHOUT_CREDENTIAL: Final = (kinds.UNAUTHENTICATED, kinds.FORBIDDEN, kinds.AUTHENTICATION_UNAVAILABLE)


def declare_security(
    document: dict[str, Any],
    catalogue: Collection[ProblemKind],
    *,
    credentials: Collection[AuthMode] | None,
    limited: bool,
    scopes: Collection[str] = (),
) -> None:
    """Let each operation say its scope, its limits and the answers beyond them, as far as the service has them.

    `document` is as FastAPI made it. Operations name their scopes in a member that is none of OpenAPI's: see `scoped`.
    `scopes` are all that the service has, of which values that are lists of scopes consist: see `LIST_OF_SCOPES`.
    """
    authenticated = credentials is not None
    _name_scopes(document, sorted(scopes))
    for operation in _operations(document):
        scope = operation.pop(MARK, None)
        if scope is None:
            continue
        if limited:
            for answer in operation["responses"].values():
                answer["headers"] = {**answer.get("headers", {}), **RATE_LIMITS}
                if COMPONENT in answer:  # one for operations that are not limited has other headers
                    answer[COMPONENT] += "-limited"
        if authenticated:
            # The array may name what the principal must be allowed (OpenAPI 3.1, 4.8.30).
            operation["security"] = [{SCHEME: [scope]}]
            # Swagger UI and the generators of clients show the names of OAuth only; a description is shown by all.
            operation["description"] = f"{operation.get('description', '')}\n\nNeeds the scope `{scope}`.".lstrip()
            _add_answers(operation["responses"], _WITHOUT_CREDENTIAL, catalogue)
        if authenticated or limited:
            _add_answers(operation["responses"], (kinds.RATE_LIMITED,), catalogue)
    if credentials is not None:
        document.setdefault("components", {})["securitySchemes"] = {SCHEME: _scheme(credentials)}


def _scheme(credentials: Collection[AuthMode]) -> dict[str, Any]:
    accepted = [text for mode, text in _CREDENTIALS.items() if mode in credentials] or ["a credential of this service"]
    description = f"Send {' or '.join(accepted)}, as a bearer token (RFC 6750)."
    return {"type": "http", "scheme": "bearer", "description": description}


def _name_scopes(node: Any, scopes: Sequence[str]) -> None:
    """Let the schemas of lists of scopes name the existing scopes, and admit only those in requests."""
    if isinstance(node, list):
        for member in node:
            _name_scopes(member, scopes)
    elif isinstance(node, dict):
        sent = node.pop(LIST_OF_SCOPES, None)
        if sent is not None and scopes:
            node["examples"] = [" ".join([one for one in scopes if one.endswith(":read")] or scopes)]
        if sent and scopes:
            node["pattern"] = f"^{_BLANK}*{_repeated(scopes)}{_BLANK}*$"
        for member in node.values():
            _name_scopes(member, scopes)


def _repeated(scopes: Sequence[str]) -> str:
    one = f"(?:{'|'.join(scopes)})"
    return f"{one}(?:{_BLANK}+{one})*"


def _add_answers(answers: dict[str, Any], more: Collection[ProblemKind], catalogue: Collection[ProblemKind]) -> None:
    for status, answer in problem_answers(more).items():
        known = answers.get(str(status))
        met = [*_kinds_of(known, catalogue), *(kind for kind in more if kind.status == status)] if known else []
        answers[str(status)] = problem_answers(met)[status] if met else answer
    in_order = sorted(answers.items())
    answers.clear()
    answers.update(in_order)


def _kinds_of(answer: dict[str, Any], catalogue: Collection[ProblemKind]) -> list[ProblemKind]:
    """The kinds of problems that an answer may be."""
    types = answer["content"][PROBLEM_MEDIA_TYPE]["schema"]["properties"]["type"]["enum"]
    return [kind for kind in catalogue if f"/problems/{kind.slug}" in types]


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (operation for methods in document["paths"].values() for operation in methods.values())
