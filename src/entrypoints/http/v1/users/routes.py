"""The routes of users."""

from typing import Annotated, Final, TypeAlias
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Path, Request, Response

from application.users.delete_user import DeleteUser
from application.users.get_user import GetUser
from application.users.list_users import ListUsers
from application.users.ports import UserView
from application.users.update_user import UpdateUser
from domain.users.user_id import LARGEST_USER_ID, UserId
from entrypoints.http.dependencies import CurrentSettings, Cursors, Users
from entrypoints.http.v1.users.links import LINK_TO_NEXT_PAGE, links_to_user
from entrypoints.http.v1.users.schemas import (
    ID_SCHEMA,
    CreateUserBody,
    CreateUsersBody,
    ListUsersParameters,
    UpdateUserBody,
    UserBody,
    UserPageBody,
    UsersBody,
    present_page,
    present_user,
    present_users,
)
from foundation.http.json_response import json_response
from foundation.http.openapi import (
    ENTITY_TAG,
    IDEMPOTENT_REPLAYED,
    LINK_TO_NEXT,
    LOCATION,
    PREFERENCE_APPLIED,
    no_content,
    parameters,
    request_body,
    responses,
)
from foundation.http.problems.problem import Problem, ProblemKind
from foundation.http.requests.body import LARGEST_BATCH_DOCUMENT
from foundation.http.requests.cursors import InvalidCursor
from foundation.http.requests.entity_tags import entity_tag, expected_versions, matches_any
from foundation.http.requests.idempotency import GivenKey, replay_headers
from foundation.http.requests.json_body import JSON, MERGE_PATCH, json_body
from foundation.http.requests.negotiation import answers
from foundation.http.requests.preferences import prefers
from foundation.http.requests.query import NoParameters, query
from foundation.http.routing.path_ids import id_segment

router = APIRouter(prefix="/users", tags=["users"])

_ONE_USER: Final = f"/{id_segment('user_id')}"
_ANSWERS_JSON: Final = Depends(answers(JSON))
_NO_PARAMETERS: Final = [Depends(query(NoParameters)), _ANSWERS_JSON]
_IF_MATCH: Final = parameters(headers={"If-Match": "The entity tags of the versions that may be changed."})
_IDEMPOTENCY_KEY: Final = parameters(
    headers={"Idempotency-Key": "The request is carried out once, however often it is sent with this key in a day."}
)
_REFUSED_CREATIONS: Final = (
    ProblemKind.EMAIL_ALREADY_TAKEN,
    ProblemKind.IDEMPOTENCY_KEY_IN_USE,
    ProblemKind.CONTENT_TOO_LARGE,
    ProblemKind.UNSUPPORTED_MEDIA_TYPE,
    ProblemKind.VALIDATION_FAILED,
    ProblemKind.IDEMPOTENCY_KEY_REUSED,
    ProblemKind.COMMIT_OUTCOME_UNKNOWN,
)
_IF_NONE_MATCH: Final = parameters(headers={"If-None-Match": "The entity tags that the client has already."})


async def _user_id(user_id: Annotated[str, Path(description="The id of a user."), ID_SCHEMA]) -> UserId:
    """An id in a path, which has the form of one. Above the largest it is the address of nothing: 404, not 422."""
    if int(user_id) > LARGEST_USER_ID:
        raise Problem(ProblemKind.NOT_FOUND)
    return UserId(int(user_id))


UserIdInPath: TypeAlias = Annotated[UserId, Depends(_user_id)]


def _user_response(user: UserView, status: int = 200, **headers: str) -> Response:
    return json_response(present_user(user), status, ETag=entity_tag(user), **headers)


@router.post(
    "",
    status_code=201,
    summary="Create a user",
    dependencies=_NO_PARAMETERS,
    openapi_extra=request_body(CreateUserBody, JSON) | _IDEMPOTENCY_KEY,
    responses=responses(
        201,
        "The user was created.",
        *_REFUSED_CREATIONS,
        model=UserBody,
        headers=ENTITY_TAG | LOCATION | IDEMPOTENT_REPLAYED,
        links=links_to_user("$response.body#/id"),
    ),
)
async def create_user(
    request: Request,
    key: GivenKey,
    body: Annotated[CreateUserBody, Depends(json_body(CreateUserBody, JSON, resource=UserBody))],
    users: Users,
) -> Response:
    """Create a user with an email address that nobody else has."""
    done = await users.create(body.command(key))
    location = f"{request.scope['path']}/{done.value.id}"
    return _user_response(done.value, 201, Location=location, **replay_headers(done))


@router.post(
    "/batch",
    status_code=201,
    summary="Create several users",
    dependencies=_NO_PARAMETERS,
    openapi_extra=request_body(CreateUsersBody, JSON) | _IDEMPOTENCY_KEY,
    responses=responses(
        201,
        "The users were created.",
        *_REFUSED_CREATIONS,
        model=UsersBody,
        headers=IDEMPOTENT_REPLAYED,
        links=links_to_user("$response.body#/items/0/id", tagged=False),
    ),
)
async def create_users(
    key: GivenKey,
    body: Annotated[
        CreateUsersBody, Depends(json_body(CreateUsersBody, JSON, resource=UserBody, largest=LARGEST_BATCH_DOCUMENT))
    ],
    users: Users,
) -> Response:
    """Create up to 100 users, all of them or none."""
    done = await users.create_many(body.command(key))
    return json_response(present_users(done.value), 201, **replay_headers(done))


@router.get(
    "",
    summary="List users",
    dependencies=[_ANSWERS_JSON],
    openapi_extra=parameters(ListUsersParameters, headers={"Prefer": "With count=exact the page has the total, too."}),
    responses=responses(
        200,
        "A page of users.",
        ProblemKind.INVALID_CURSOR,
        ProblemKind.VALIDATION_FAILED,
        model=UserPageBody,
        headers=LINK_TO_NEXT | PREFERENCE_APPLIED,
        links=LINK_TO_NEXT_PAGE,
    ),
)
async def list_users(
    request: Request,
    wanted: Annotated[ListUsersParameters, Depends(query(ListUsersParameters))],
    users: Users,
    cursors: Cursors,
) -> Response:
    """List users, page by page, in the order of `sort`. Times in filters are exclusive."""
    try:
        after = cursors.decode(wanted.cursor, wanted.sort, wanted.where) if wanted.cursor is not None else None
    except InvalidCursor:
        raise Problem(ProblemKind.INVALID_CURSOR) from None
    count = prefers(request, "count", "exact")
    page = await users.list(ListUsers(wanted.where, wanted.sort, wanted.limit, after, count))
    cursor = cursors.encode(page.next, wanted.sort, wanted.where) if page.next is not None else None
    headers = {"Link": _next_link(request, cursor)} if cursor is not None else {}
    if count:
        headers["Preference-Applied"] = "count=exact"
    return json_response(present_page(page, cursor), **headers)


@router.get(
    _ONE_USER,
    summary="Read a user",
    dependencies=_NO_PARAMETERS,
    openapi_extra=_IF_NONE_MATCH,
    responses={
        304: no_content("The client has this version already.", ENTITY_TAG),
        **responses(
            200,
            "The user.",
            ProblemKind.NOT_FOUND,
            model=UserBody,
            headers=ENTITY_TAG,
            links=links_to_user("$response.body#/id"),
        ),
    },
)
async def get_user(request: Request, user_id: UserIdInPath, users: Users) -> Response:
    """Read one user."""
    user = await users.get(GetUser(user_id))
    if matches_any(request, user):
        return Response(status_code=304, headers={"ETag": entity_tag(user)})
    return _user_response(user)


@router.patch(
    _ONE_USER,
    summary="Change a user",
    dependencies=_NO_PARAMETERS,
    openapi_extra=request_body(UpdateUserBody, MERGE_PATCH, JSON) | _IF_MATCH,
    responses=responses(
        200,
        "The user as it is now.",
        ProblemKind.NOT_FOUND,
        ProblemKind.EMAIL_ALREADY_TAKEN,
        ProblemKind.PRECONDITION_FAILED,
        ProblemKind.CONTENT_TOO_LARGE,
        ProblemKind.UNSUPPORTED_MEDIA_TYPE,
        ProblemKind.VALIDATION_FAILED,
        ProblemKind.PRECONDITION_REQUIRED,
        ProblemKind.COMMIT_OUTCOME_UNKNOWN,
        model=UserBody,
        headers=ENTITY_TAG,
    ),
)
async def update_user(
    request: Request,
    user_id: UserIdInPath,
    body: Annotated[UpdateUserBody, Depends(json_body(UpdateUserBody, MERGE_PATCH, JSON, resource=UserBody))],
    users: Users,
    settings: CurrentSettings,
) -> Response:
    """Change the fields that the merge patch names. A patch that changes nothing keeps the entity tag."""
    expected = expected_versions(request, user_id.value, required=settings.require_if_match)
    user = await users.update(UpdateUser(user_id, body.changes(), expected))
    return _user_response(user)


@router.delete(
    _ONE_USER,
    status_code=204,
    response_class=Response,
    summary="Delete a user",
    dependencies=[Depends(query(NoParameters))],
    openapi_extra=_IF_MATCH,
    responses=responses(
        204,
        "The user is gone.",
        ProblemKind.NOT_FOUND,
        ProblemKind.PRECONDITION_FAILED,
        ProblemKind.PRECONDITION_REQUIRED,
        ProblemKind.COMMIT_OUTCOME_UNKNOWN,
    ),
)
async def delete_user(request: Request, user_id: UserIdInPath, users: Users, settings: CurrentSettings) -> Response:
    """Delete a user for good. The id is never given again."""
    expected = expected_versions(request, user_id.value, required=settings.require_if_match)
    await users.delete(DeleteUser(user_id, expected))
    return Response(status_code=204)


def _next_link(request: Request, cursor: str) -> str:
    """A `Link` to the next page, relative to the host, because the Host header is the client's word."""
    others = urlencode({name: value for name, value in request.query_params.items() if name != "cursor"})
    # The path is a literal one, and the alphabet of a cursor needs no escapes.
    return f'<{request.scope["path"]}?{others}{"&" if others else ""}cursor={cursor}>; rel="next"'
