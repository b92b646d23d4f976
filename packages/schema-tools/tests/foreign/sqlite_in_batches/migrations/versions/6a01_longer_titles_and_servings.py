"""longer titles and servings

Revision ID: 6a01
Revises: 6a00
Create Date: 2026-01-02 09:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "6a01"
down_revision = "6a00"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("recipes") as batch:
        batch.add_column(sa.Column("servings", sa.Integer, nullable=False, server_default="2"))
        batch.alter_column("title", existing_type=sa.String(80), type_=sa.String(120), existing_nullable=False)
        batch.create_check_constraint("servings_positive", "servings > 0")


def downgrade() -> None:
    with op.batch_alter_table("recipes") as batch:
        batch.drop_constraint("servings_positive", type_="check")
        batch.alter_column("title", existing_type=sa.String(120), type_=sa.String(80), existing_nullable=False)
        batch.drop_column("servings")
