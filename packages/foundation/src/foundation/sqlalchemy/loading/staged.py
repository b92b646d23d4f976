"""The table that users wait in until all of them are there. Only its own session sees it."""

from typing import Final

from sqlalchemy import Boolean, Column, Integer, MetaData, Table, false

from adapters.sqlalchemy.tables import users

# In a metadata of its own: no migration makes it.
staged_users: Final = Table(
    "staged_users",
    MetaData(),
    Column("line", Integer(), nullable=False),
    Column("email", users.c.email.type, nullable=False),
    Column("name", users.c.name.type, nullable=False),
    Column("taken", Boolean(), nullable=False, server_default=false()),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)
