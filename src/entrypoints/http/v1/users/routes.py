"""The routes of users."""

from typing import Annotated, Final, TypeAlias

from fastapi import APIRouter, Depends, Request, Response

from application.users import UserUseCases
from application.users.create_user import CreateUser
from application.users.create_users import CreateUsers
from application.users.delete_user import DeleteUser
from application.users.get_user import GetUser
from application.users.list_users import ListUsers
from application.users.ports import UserFilter, UserSort
from application.users.update_user import UpdateUser
from domain.users.user import NewUser, UserChanges
from domain.users.user_id import UserId
from entrypoints.http.v1.users.problems import EMAIL_ALREADY_TAKEN
from entrypoints.http.v1.users.schemas import (
    CreateUserBody,
    CreateUsersBody,
    ListUsersParameters,
    UpdateUserBody,
    UserBody,
    UserPageBody,
    UsersBody,
    present_user,
)
from foundation.http.limits import MAX_BATCH_DOCUMENT_SIZE
from foundation.http.openapi.resources import ResourceOperations
from foundation.http.requests.entity_tags import expected_versions
from foundation.http.requests.idempotency import IdempotencyKeyHeader, replay_headers
from foundation.http.requests.json_body import JSON, MERGE_PATCH, json_body
from foundation.http.requests.lists import Listing, listing
from foundation.http.responses import created_response, json_response, read_response, resource_response
from foundation.http.routing.path_ids import path_id
from foundation.http.routing.providing import provided

router = APIRouter(prefix="/users")
operations: Final = ResourceOperations("user", "users", body=UserBody, page=UserPageBody)

UserIdInPath: TypeAlias = Annotated[UserId, path_id("user_id", UserId)]
Users: TypeAlias = Annotated[UserUseCases, provided("users")]


@router.post("", **operations.create(CreateUserBody, EMAIL_ALREADY_TAKEN))
async def create_user(
    request: Request,
    key: IdempotencyKeyHeader,
    body: Annotated[CreateUserBody, Depends(json_body(CreateUserBody, JSON, resource=UserBody))],
    users: Users,
) -> Response:
    """Create a user with an email address that no other user has."""
    # The fields of the body have the names of those of the domain.
    created = await users.create(CreateUser(NewUser(**vars(body)), key))
    return created_response(request, created, present_user)


@router.post("/batch", **operations.create_several(CreateUsersBody, UsersBody, EMAIL_ALREADY_TAKEN))
async def create_users(
    key: IdempotencyKeyHeader,
    body: Annotated[
        CreateUsersBody, Depends(json_body(CreateUsersBody, JSON, resource=UserBody, largest=MAX_BATCH_DOCUMENT_SIZE))
    ],
    users: Users,
) -> Response:
    """Create up to 100 users, all of them or none."""
    created = await users.create_many(CreateUsers(tuple(NewUser(**vars(item)) for item in body.items), key))
    return json_response({"items": present_user.several(created.value)}, 201, **replay_headers(created))


@router.get("", **operations.list(ListUsersParameters))
async def list_users(
    query: Annotated[Listing[UserFilter, UserSort], Depends(listing(ListUsersParameters, UserFilter))],
    users: Users,
) -> Response:
    """List users, page by page, in the order of `sort`. Times in filters are exclusive."""
    page = await users.list(ListUsers(query.where, query.sort, query.limit, query.after, query.count))
    return query.response(page, present_user)


@router.get("/{user_id:id}", **operations.get())
async def get_user(request: Request, user_id: UserIdInPath, users: Users) -> Response:
    """Read one user."""
    return read_response(request, await users.get(GetUser(user_id)), present_user)


@router.patch("/{user_id:id}", **operations.update(UpdateUserBody, EMAIL_ALREADY_TAKEN))
async def update_user(
    request: Request,
    user_id: UserIdInPath,
    body: Annotated[UpdateUserBody, Depends(json_body(UpdateUserBody, MERGE_PATCH, JSON, resource=UserBody))],
    users: Users,
) -> Response:
    """Change the fields that the merge patch names. A patch that changes nothing keeps the entity tag."""
    expected = expected_versions(request, user_id.value)
    user = await users.update(UpdateUser(user_id, UserChanges(**vars(body)), expected))
    return resource_response(user, present_user)


@router.delete("/{user_id:id}", **operations.delete())
async def delete_user(request: Request, user_id: UserIdInPath, users: Users) -> Response:
    """Delete a user for good. The id is never given again."""
    await users.delete(DeleteUser(user_id, expected_versions(request, user_id.value)))
    return Response(status_code=204)
