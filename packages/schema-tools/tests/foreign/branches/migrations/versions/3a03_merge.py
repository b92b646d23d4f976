"""merge

Revision ID: 3a03
Revises: 3a01, 3a02
Create Date: 2026-01-04 09:00:00+00:00
"""

revision = "3a03"
down_revision = ("3a01", "3a02")
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
