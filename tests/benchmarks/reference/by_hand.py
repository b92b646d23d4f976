"""By hand: FastAPI and psycopg's pool of asynchronous connections, without an architecture.

What an experienced engineer writes for one table: SQL in the routes, Pydantic for what comes in and goes out, one
statement per request on connections without a transaction. DSN and POOL_SIZE are read from the environment.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any, TypeAlias

from fastapi import FastAPI, Header, HTTPException, Query, Request, Response
from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel, EmailStr, Field

Pool: TypeAlias = AsyncConnectionPool[AsyncConnection[DictRow]]
Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]


class NewUser(BaseModel):
    """What a client sends to create a user."""

    email: EmailStr
    name: Name


class UserPatch(BaseModel):
    """What a client sends to change a user; what is left out stays."""

    email: EmailStr | None = None
    name: Name | None = None


class UserOut(BaseModel):
    """A user, as clients see it."""

    id: int
    email: str
    name: str
    created_at: datetime
    updated_at: datetime


class PageOut(BaseModel):
    """Users in the order of their ids; `next` is the `after` of the next page."""

    items: list[UserOut]
    next: int | None


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    size = int(os.environ["POOL_SIZE"])
    async with Pool(
        os.environ["DSN"],
        min_size=size,
        max_size=size,
        kwargs={"autocommit": True, "row_factory": dict_row},
    ) as pool:
        await pool.wait()
        app.state.pool = pool
        yield


app = FastAPI(lifespan=_lifespan)


@app.get("/api/v1/users/{user_id}", response_model=UserOut)
async def get_user(request: Request, response: Response, user_id: int) -> Any:
    """Read a user."""
    user = await _row(request, "SELECT id, email, name, created_at, updated_at FROM users WHERE id = %s", user_id)
    if user is None:
        raise HTTPException(404)
    response.headers["ETag"] = _tag(user)
    return user


@app.get("/api/v1/users", response_model=PageOut)
async def list_users(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    after: int = 0,
    created_after: datetime | None = None,
) -> Any:
    """List users by id."""
    pool: Pool = request.app.state.pool
    async with pool.connection() as connection:
        if created_after is None:
            cursor = await connection.execute(
                "SELECT id, email, name, created_at, updated_at FROM users WHERE id > %s ORDER BY id LIMIT %s",
                (after, limit + 1),
            )
        else:
            cursor = await connection.execute(
                "SELECT id, email, name, created_at, updated_at FROM users "
                "WHERE id > %s AND created_at > %s ORDER BY id LIMIT %s",
                (after, created_after, limit + 1),
            )
        users = await cursor.fetchall()
    more = len(users) > limit
    return {"items": users[:limit], "next": users[limit - 1]["id"] if more else None}


@app.post("/api/v1/users", response_model=UserOut, status_code=201)
async def create_user(request: Request, response: Response, new: NewUser) -> Any:
    """Create a user with an address that nobody else has."""
    try:
        user = await _row(
            request,
            "INSERT INTO users (email, name) VALUES (%s, %s) RETURNING id, email, name, created_at, updated_at",
            new.email.lower(),
            new.name,
        )
    except UniqueViolation:
        raise HTTPException(409) from None
    assert user is not None
    response.headers["ETag"] = _tag(user)
    response.headers["Location"] = f"/api/v1/users/{user['id']}"
    return user


@app.patch("/api/v1/users/{user_id}", response_model=UserOut)
async def update_user(
    request: Request, response: Response, user_id: int, patch: UserPatch, if_match: Annotated[str, Header()]
) -> Any:
    """Change a user, if it is still the version that the client saw."""
    email = patch.email.lower() if patch.email is not None else None
    try:
        user = await _row(
            request,
            "UPDATE users SET email = coalesce(%s, email), name = coalesce(%s, name), updated_at = now() "
            "WHERE id = %s AND updated_at = %s RETURNING id, email, name, created_at, updated_at",
            email,
            patch.name,
            user_id,
            _version(if_match),
        )
    except UniqueViolation:
        raise HTTPException(409) from None
    if user is None:
        found = await _row(request, "SELECT FROM users WHERE id = %s", user_id)
        raise HTTPException(404 if found is None else 412)
    response.headers["ETag"] = _tag(user)
    return user


async def _row(request: Request, statement: str, *parameters: object) -> DictRow | None:
    """The row that the statement returns, if any."""
    pool: Pool = request.app.state.pool
    async with pool.connection() as connection:
        cursor = await connection.execute(statement, parameters)
        return await cursor.fetchone()


def _tag(user: DictRow) -> str:
    return f'"{user["updated_at"].isoformat()}"'


def _version(tag: str) -> datetime:
    try:
        return datetime.fromisoformat(tag.strip('"'))
    except ValueError:
        raise HTTPException(412) from None
