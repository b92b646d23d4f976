"""create books.

Revision ID: aaaa00000001
Revises:
Create Date: 2026-01-01 09:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "aaaa00000001"
down_revision: str | tuple[str, ...] | None = None

TOUCH = """\
CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END
$$"""

TOUCH_TRIGGER = """\
CREATE TRIGGER {table}_touch BEFORE UPDATE ON {table} FOR EACH ROW
EXECUTE FUNCTION touch()"""


def timestamps() -> list[sa.Column[object]]:
    """The two times of a row."""
    return [
        sa.Column(name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False, comment=comment)
        for name, comment in (("created_at", "Creation timestamp"), ("updated_at", "Last update timestamp"))
    ]


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.execute(TOUCH)
    op.create_table(
        "authors",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False, comment="Number"),
        sa.Column("name", sa.String(length=200), nullable=False, comment="Full name"),
        *timestamps(),
        sa.PrimaryKeyConstraint("id", name="pk_authors"),
        comment="Stores who writes the books.",
    )
    op.create_table(
        "categories",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False, comment="Number"),
        sa.Column("parent_id", sa.Integer(), nullable=True, comment="The category that this one is part of"),
        sa.Column("name", sa.String(length=80), nullable=False, comment="Name"),
        *timestamps(),
        sa.PrimaryKeyConstraint("id", name="pk_categories"),
        sa.UniqueConstraint("name", "parent_id", name="uq_categories_name_parent_id"),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["categories.id"], name="fk_categories_parent_id_categories", ondelete="CASCADE"
        ),
        comment="Stores the shelves, as a tree.",
    )
    op.create_index("ix_categories_parent_id", "categories", ["parent_id"])
    op.create_table(
        "books",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False, comment="Number"),
        sa.Column("author_id", sa.Integer(), nullable=False, comment="Who wrote it"),
        sa.Column("category_id", sa.Integer(), nullable=True, comment="The shelf it stands on"),
        sa.Column("isbn", sa.String(length=13), nullable=False, comment="ISBN-13"),
        sa.Column("title", sa.Text(), nullable=False, comment="Title"),
        sa.Column(
            "format",
            sa.Enum("hardcover", "paperback", "audio", name="book_format"),
            nullable=False,
            comment="How it is made",
        ),
        sa.Column("price", sa.Numeric(10, 2), nullable=False, comment="Net price in euro"),
        sa.Column(
            "gross_price",
            sa.Numeric(10, 2),
            sa.Computed("round(price * 1.07, 2)", persisted=True),
            comment="Price with value added tax in euro",
        ),
        sa.Column("tags", sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False, comment="Tags"),
        sa.Column(
            "details", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False, comment="What else is known"
        ),
        sa.Column("published", sa.Date(), nullable=True, comment="Day of publication"),
        *timestamps(),
        sa.CheckConstraint("price > 0", name=op.f("ck_books_price_positive")),
        sa.CheckConstraint("isbn ~ '^97[89][0-9]{10}$'", name=op.f("ck_books_isbn_form")),
        sa.PrimaryKeyConstraint("id", name="pk_books"),
        sa.UniqueConstraint("isbn", name="uq_books_isbn"),
        sa.ForeignKeyConstraint(["author_id"], ["authors.id"], name="fk_books_author_id_authors", ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["category_id"], ["categories.id"], name="fk_books_category_id_categories", ondelete="SET NULL"
        ),
        comment="Stores the books on sale.",
    )
    op.create_index("ix_books_author_id", "books", ["author_id"])
    op.create_index("ix_books_category_id", "books", ["category_id"])
    for table in ("authors", "categories", "books"):
        op.execute(TOUCH_TRIGGER.format(table=table))


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_table("books")
    op.drop_table("categories")
    op.drop_table("authors")
    op.execute("DROP TYPE book_format")
    op.execute("DROP FUNCTION touch()")
