"""baseline

Revision ID: 4a00
Revises: None
Create Date: 2026-01-01 09:00:00+00:00
"""

revision = "4a00"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
