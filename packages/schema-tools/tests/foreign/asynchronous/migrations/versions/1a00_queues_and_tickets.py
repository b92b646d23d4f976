"""queues and tickets

Revision ID: 1a00
Revises: None
Create Date: 2026-02-01 09:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "1a00"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "queues",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80), nullable=False, unique=True),
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("queue_id", sa.Integer, sa.ForeignKey("queues.id", ondelete="CASCADE"), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
    )
    op.create_index("ix_tickets_queue_id", "tickets", ["queue_id"])


def downgrade() -> None:
    op.drop_table("tickets")
    op.drop_table("queues")
