"""city

Revision ID: 4a01
Revises: 4a00
Create Date: 2026-01-02 09:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "4a01"
down_revision = "4a00"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("accounts", sa.Column("city", sa.String(80)))


def downgrade() -> None:
    op.drop_column("accounts", "city")
