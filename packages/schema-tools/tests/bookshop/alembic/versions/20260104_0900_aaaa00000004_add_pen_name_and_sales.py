"""add pen name to authors and the view of sales.

Revision ID: aaaa00000004
Revises: aaaa00000003
Create Date: 2026-01-04 09:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision: str = "aaaa00000004"
down_revision: str | tuple[str, ...] | None = "aaaa00000003"

BOOK_SALES = """\
CREATE VIEW book_sales AS
SELECT books.id AS book_id, books.title,
  coalesce(sum(order_lines.quantity), 0) AS sold
FROM books LEFT JOIN order_lines ON order_lines.book_id = books.id
GROUP BY books.id"""


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.add_column(
        "authors",
        sa.Column(
            "pen_name", sa.String(length=200), nullable=True, comment="The name on the cover, where it is another"
        ),
    )
    op.execute(BOOK_SALES)


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.execute("DROP VIEW book_sales")
    op.drop_column("authors", "pen_name")
