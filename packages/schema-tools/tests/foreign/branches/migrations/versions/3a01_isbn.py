"""isbn

Revision ID: 3a01
Revises: 3a00
Create Date: 2026-01-02 09:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "3a01"
down_revision = "3a00"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("books", sa.Column("isbn", sa.String(13)))
    op.create_unique_constraint("books_isbn_key", "books", ["isbn"])


def downgrade() -> None:
    op.drop_column("books", "isbn")
