"""The template, synchronous: a session of SQLAlchemy's ORM per request, as the popular FastAPI templates have it.

Routes are plain functions, which FastAPI runs in threads; a dependency opens a session with the engine's defaults and
closes it; entities are written, committed and refreshed; the response model reads their attributes. DATABASE_URL and
POOL_SIZE are read from the environment.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Final, TypeAlias

from fastapi import Depends, FastAPI, Header, HTTPException, Query, Response
from pydantic import BaseModel, ConfigDict, EmailStr, Field
from sqlalchemy import DateTime, String, create_engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]


class Base(DeclarativeBase):
    """What the models share."""


class User(Base):
    """A row of the table."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.now(), onupdate=func.now()
    )


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

    model_config = ConfigDict(from_attributes=True)

    id: int
    email: str
    name: str
    created_at: datetime
    updated_at: datetime


class PageOut(BaseModel):
    """Users in the order of their ids; `next` is the `after` of the next page."""

    model_config = ConfigDict(from_attributes=True)

    items: list[UserOut]
    next: int | None


_ENGINE: Final = create_engine(os.environ["DATABASE_URL"], pool_size=int(os.environ["POOL_SIZE"]), max_overflow=0)
_SESSIONS: Final = sessionmaker(_ENGINE)


def get_session() -> Iterator[Session]:
    """A session for the request."""
    with _SESSIONS() as session:
        yield session


SessionOfRequest: TypeAlias = Annotated[Session, Depends(get_session)]

app = FastAPI()


@app.get("/api/v1/users/{user_id}", response_model=UserOut)
def get_user(session: SessionOfRequest, response: Response, user_id: int) -> User:
    """Read a user."""
    user = session.get(User, user_id)
    if user is None:
        raise HTTPException(404)
    response.headers["ETag"] = _tag(user)
    return user


@app.get("/api/v1/users", response_model=PageOut)
def list_users(
    session: SessionOfRequest,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    after: int = 0,
    created_after: datetime | None = None,
) -> dict[str, object]:
    """List users by id."""
    statement = select(User).where(User.id > after).order_by(User.id).limit(limit + 1)
    if created_after is not None:
        statement = statement.where(User.created_at > created_after)
    users = session.scalars(statement).all()
    more = len(users) > limit
    return {"items": users[:limit], "next": users[limit - 1].id if more else None}


@app.post("/api/v1/users", response_model=UserOut, status_code=201)
def create_user(session: SessionOfRequest, response: Response, new: NewUser) -> User:
    """Create a user with an address that nobody else has."""
    user = User(email=new.email.lower(), name=new.name)
    session.add(user)
    _commit(session)
    session.refresh(user)
    response.headers["ETag"] = _tag(user)
    response.headers["Location"] = f"/api/v1/users/{user.id}"
    return user


@app.patch("/api/v1/users/{user_id}", response_model=UserOut)
def update_user(
    session: SessionOfRequest, response: Response, user_id: int, patch: UserPatch, if_match: Annotated[str, Header()]
) -> User:
    """Change a user, if it is still the version that the client saw."""
    user = session.get(User, user_id, with_for_update=True)
    if user is None:
        raise HTTPException(404)
    if if_match != _tag(user):
        raise HTTPException(412)
    if patch.email is not None:
        user.email = patch.email.lower()
    if patch.name is not None:
        user.name = patch.name
    _commit(session)
    session.refresh(user)
    response.headers["ETag"] = _tag(user)
    return user


def _commit(session: Session) -> None:
    try:
        session.commit()
    except IntegrityError:
        session.rollback()
        raise HTTPException(409) from None


def _tag(user: User) -> str:
    return f'"{user.updated_at.isoformat()}"'
