"""What the usual operations on one kind of resource declare."""

from typing import Any, Final

from fastapi import Depends, Response
from pydantic import BaseModel

from foundation.http.access.scopes import scoped
from foundation.http.openapi import headers
from foundation.http.openapi.operations import no_content, parameters, request_body, responses
from foundation.http.problems import kinds
from foundation.http.problems.problem import ProblemKind
from foundation.http.requests.json_body import JSON, MERGE_PATCH
from foundation.http.requests.negotiation import answers
from foundation.http.requests.query import NoParameters, query
from foundation.kernel.access.scopes import scope

_ANSWERS_JSON: Final = Depends(answers(JSON))
_NO_PARAMETERS: Final = Depends(query(NoParameters))
_BODY: Final = (
    kinds.CONTENT_TOO_LARGE,
    kinds.UNSUPPORTED_MEDIA_TYPE,
    kinds.VALIDATION_FAILED,
    kinds.COMMIT_OUTCOME_UNKNOWN,
)
_ONCE_PER_KEY: Final = (kinds.IDEMPOTENCY_KEY_IN_USE, kinds.IDEMPOTENCY_KEY_REUSED)
_PRECONDITIONS: Final = (kinds.NOT_FOUND, kinds.PRECONDITION_FAILED, kinds.PRECONDITION_REQUIRED)
_IF_MATCH: Final = {"If-Match": "The entity tags of the versions that may be changed."}
_IF_NONE_MATCH: Final = {"If-None-Match": "The entity tags that the client has already."}
_IDEMPOTENCY_KEY: Final = {
    "Idempotency-Key": "The request is idempotent for 24 hours under this key: a repetition has the same answer."
}
_PREFER: Final = {"Prefer": "With count=exact the page has the total, too."}


class ResourceOperations:
    """The usual operations on one kind of resource. Each method makes the keyword arguments of a route's decorator.

    `noun` and `plural` are its names in sentences; `body` and `page` are the answers with one of them and with a page.
    Answers link to operations by their ids, which are the names of the functions: `list_<plural>`, `get_<noun>`,
    `update_<noun>` and `delete_<noun>`, with `<noun>_id` in the path.

    Each method takes the kinds of problems that the operation may meet beside those that every such operation may.
    """

    def __init__(
        self, noun: str, plural: str, *, body: type[BaseModel], page: type[BaseModel], article: str = "a"
    ) -> None:
        self._noun = noun
        self._plural = plural
        self._one = f"{article} {noun}"
        self._body = body
        self._page = page

    def create(self, sent: type[BaseModel], *problems: ProblemKind) -> dict[str, Any]:
        """Of POST to the list: a body of `sent` becomes a resource, once per idempotency key."""
        return self._scoped(
            "write",
            status_code=201,
            summary=f"Create {self._one}",
            dependencies=[_NO_PARAMETERS, _ANSWERS_JSON],
            openapi_extra=request_body(sent, JSON) | parameters(headers=_IDEMPOTENCY_KEY),
            responses=responses(
                201,
                f"The {self._noun} was created.",
                *(*problems, *_BODY, *_ONCE_PER_KEY),
                model=self._body,
                headers=headers.ENTITY_TAG | headers.LOCATION | headers.IDEMPOTENT_REPLAYED,
                links=self._links("$response.body#/id", tagged=True),
            ),
        )

    def create_several(
        self, sent: type[BaseModel], answered: type[BaseModel], *problems: ProblemKind
    ) -> dict[str, Any]:
        """Of POST of a batch: all items of a body of `sent` become resources, or none, once per idempotency key."""
        return self._scoped(
            "write",
            status_code=201,
            summary=f"Create several {self._plural}",
            dependencies=[_NO_PARAMETERS, _ANSWERS_JSON],
            openapi_extra=request_body(sent, JSON) | parameters(headers=_IDEMPOTENCY_KEY),
            responses=responses(
                201,
                f"The {self._plural} were created.",
                *(*problems, *_BODY, *_ONCE_PER_KEY),
                model=answered,
                headers=headers.IDEMPOTENT_REPLAYED,
                links=self._links("$response.body#/items/0/id", tagged=False),
            ),
        )

    def list(self, asked: type[BaseModel], *problems: ProblemKind) -> dict[str, Any]:
        """Of GET of the list, with the query parameters of `asked`."""
        next_page = {
            "operationId": f"list_{self._plural.replace(' ', '_')}",
            "parameters": {"query.cursor": "$response.body#/next_cursor"},
            "description": "Read the next page, with the same sort and filter.",
        }
        return self._scoped(
            "read",
            summary=f"List {self._plural}",
            dependencies=[_ANSWERS_JSON],
            openapi_extra=parameters(asked, headers=_PREFER),
            responses=responses(
                200,
                f"A page of {self._plural}.",
                *(*problems, kinds.INVALID_CURSOR, kinds.VALIDATION_FAILED),
                model=self._page,
                headers=headers.LINK_TO_NEXT | headers.PREFERENCE_APPLIED,
                links={"next": next_page},
            ),
        )

    def get(self, *problems: ProblemKind) -> dict[str, Any]:
        """Of GET of one resource."""
        found = responses(
            200,
            f"The {self._noun}.",
            *(*problems, kinds.NOT_FOUND),
            model=self._body,
            headers=headers.ENTITY_TAG,
            links=self._links("$response.body#/id", tagged=True),
        )
        return self._scoped(
            "read",
            summary=f"Read {self._one}",
            dependencies=[_NO_PARAMETERS, _ANSWERS_JSON],
            openapi_extra=parameters(headers=_IF_NONE_MATCH),
            responses={304: no_content("The client has this version already.", headers.ENTITY_TAG), **found},
        )

    def update(self, sent: type[BaseModel], *problems: ProblemKind) -> dict[str, Any]:
        """Of PATCH of one resource, with a merge patch of `sent`."""
        return self._scoped(
            "write",
            summary=f"Change {self._one}",
            dependencies=[_NO_PARAMETERS, _ANSWERS_JSON],
            openapi_extra=request_body(sent, MERGE_PATCH, JSON) | parameters(headers=_IF_MATCH),
            responses=responses(
                200,
                f"The {self._noun} as it is now.",
                *(*problems, *_BODY, *_PRECONDITIONS),
                model=self._body,
                headers=headers.ENTITY_TAG,
            ),
        )

    def delete(self, *problems: ProblemKind) -> dict[str, Any]:
        """Of DELETE of one resource."""
        return self._scoped(
            "delete",
            status_code=204,
            response_class=Response,
            summary=f"Delete {self._one}",
            dependencies=[_NO_PARAMETERS],
            openapi_extra=parameters(headers=_IF_MATCH),
            responses=responses(
                204,
                f"The {self._noun} was deleted.",
                *(*problems, *_PRECONDITIONS, kinds.COMMIT_OUTCOME_UNKNOWN),
            ),
        )

    def _scoped(self, verb: str, **route: Any) -> dict[str, Any]:
        return scoped(scope(self._plural, verb), **route)

    def _links(self, found: str, *, tagged: bool) -> dict[str, Any]:
        """Where an answer leads (OpenAPI 3.1, 4.8.20): to the resource whose id the expression `found` finds in it.

        `tagged` says that the answer has the entity tag of the resource.
        """
        noun = self._noun.replace(" ", "_")
        one = {f"path.{noun}_id": found}
        tag = "$response.header.ETag"
        if_match = {"header.If-Match": tag} if tagged else {}
        if_none_match = {"header.If-None-Match": tag} if tagged else {}
        return {
            verb: {"operationId": f"{name}_{noun}", "parameters": one | more, "description": f"{verb.title()} it."}
            for verb, name, more in (
                ("read", "get", if_none_match),
                ("change", "update", if_match),
                ("delete", "delete", if_match),
            )
        }
