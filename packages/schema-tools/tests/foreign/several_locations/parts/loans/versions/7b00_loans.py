"""loans"""

import sqlalchemy as sa
from alembic import op

revision = "7b00"
down_revision = None
branch_labels = ("loans",)
depends_on = "7a00"


def upgrade() -> None:
    op.create_table(
        "loans",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("book_id", sa.Integer(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_loans_book_id", "loans", ["book_id"])


def downgrade() -> None:
    op.drop_table("loans")
