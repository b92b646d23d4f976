"""books

Revision ID: 3a00
Revises: None
Create Date: 2026-01-01 09:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "3a00"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "books", sa.Column("id", sa.Integer, primary_key=True), sa.Column("title", sa.String(200), nullable=False)
    )


def downgrade() -> None:
    op.drop_table("books")
