"""index the titles of published books.

Revision ID: aaaa00000005
Revises: aaaa00000004
Create Date: 2026-01-05 09:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision: str = "aaaa00000005"
down_revision: str | tuple[str, ...] | None = "aaaa00000004"


def upgrade() -> None:
    """Bring the schema to this revision."""
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_books_title_published",
            "books",
            ["title"],
            postgresql_where=sa.text("published IS NOT NULL"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    """Take the schema back to the revision before."""
    with op.get_context().autocommit_block():
        op.drop_index("ix_books_title_published", table_name="books", postgresql_concurrently=True, if_exists=True)
