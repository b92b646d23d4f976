"""create book prices.

Revision ID: aaaa00000003
Revises: aaaa00000002
Create Date: 2026-01-03 09:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "aaaa00000003"
down_revision: str | tuple[str, ...] | None = "aaaa00000002"


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "book_prices",
        sa.Column("book_id", sa.Integer(), nullable=False, comment="The book"),
        sa.Column("during", postgresql.DATERANGE(), nullable=False, comment="The days on which the price holds"),
        sa.Column("price", sa.Numeric(10, 2), nullable=False, comment="Net price in euro"),
        sa.CheckConstraint("price > 0", name=op.f("ck_book_prices_price_positive")),
        sa.PrimaryKeyConstraint("book_id", "during", name="pk_book_prices"),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name="fk_book_prices_book_id_books", ondelete="CASCADE"),
        postgresql.ExcludeConstraint(
            (sa.text("int4range(book_id, book_id, '[]')"), "&&"),
            ("during", "&&"),
            name="ex_book_prices_overlap",
            using="gist",
        ),
        comment="Stores special prices, of which a book has one at a time.",
    )


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_table("book_prices")
