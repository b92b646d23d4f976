"""summary

Revision ID: 3a02
Revises: 3a00
Create Date: 2026-01-03 09:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "3a02"
down_revision = "3a00"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("books", sa.Column("summary", sa.Text))


def downgrade() -> None:
    op.drop_column("books", "summary")
