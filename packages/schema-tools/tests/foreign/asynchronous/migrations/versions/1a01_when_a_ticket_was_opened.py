"""when a ticket was opened

Revision ID: 1a01
Revises: 1a00
Create Date: 2026-02-08 09:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "1a01"
down_revision = "1a00"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "tickets", sa.Column("opened_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("tickets", "opened_at")
