"""index users by updated_at.

Revision ID: d41e9f3a26b7
Revises: 8c0d5a7be914
Create Date: 2026-11-23 06:11:00+00:00
"""

from alembic import op

revision: str = "d41e9f3a26b7"
down_revision: str | tuple[str, ...] | None = "8c0d5a7be914"


def upgrade() -> None:
    """Bring the schema to this revision."""
    if op.get_context().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.create_index(
                op.f("ix_users_updated_at_id"),
                "users",
                ["updated_at", "id"],
                postgresql_concurrently=True,
                if_not_exists=True,
            )
    else:
        op.create_index(op.f("ix_users_updated_at_id"), "users", ["updated_at", "id"])


def downgrade() -> None:
    """Take the schema back to the revision before."""
    if op.get_context().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.drop_index(
                op.f("ix_users_updated_at_id"), table_name="users", postgresql_concurrently=True, if_exists=True
            )
    else:
        op.drop_index(op.f("ix_users_updated_at_id"), table_name="users")
