"""The bookshop's tables, for PostgreSQL alone: enums, a sequence, a view, generated columns, triggers, exclusion."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Enum,
    FetchedValue,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    Sequence,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, ExcludeConstraint
from sqlalchemy.schema import DDL

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    }
)

_MOMENT = "2025-12-16T10:00:00+00:00"


def _timestamps() -> tuple[Column[Any], Column[Any]]:
    created, updated = (
        Column(
            name,
            DateTime(timezone=True),
            nullable=False,
            server_default=func.now(),
            server_onupdate=FetchedValue() if name == "updated_at" else None,
            comment=comment,
            info={"example": _MOMENT},
        )
        for name, comment in (("created_at", "Creation timestamp"), ("updated_at", "Last update timestamp"))
    )
    return created, updated


def _id() -> Column[Any]:
    return Column("id", Integer, Identity(), primary_key=True, comment="Number", info={"example": 1})


def _after_create(target: Table | MetaData, statement: str) -> None:
    ddl = DDL(statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
    event.listen(target, "after_create", ddl)


def _touched(table: Table) -> Table:
    _after_create(
        table,
        "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$\n"
        "BEGIN\n  NEW.updated_at := now();\n  RETURN NEW;\nEND\n$$",
    )
    _after_create(
        table,
        f"CREATE TRIGGER {table.name}_touch BEFORE UPDATE ON {table.name} FOR EACH ROW\nEXECUTE FUNCTION touch()",
    )
    return table


authors = _touched(
    Table(
        "authors",
        metadata,
        _id(),
        Column("name", String(200), nullable=False, comment="Full name", info={"example": "Jane Doe"}),
        Column("pen_name", String(200), comment="The name on the cover, where it is another"),
        *_timestamps(),
        comment="Stores who writes the books.",
    )
)

categories = _touched(
    Table(
        "categories",
        metadata,
        _id(),
        Column(
            "parent_id",
            ForeignKey("categories.id", ondelete="CASCADE"),
            index=True,
            comment="The category that this one is part of",
        ),
        Column("name", String(80), nullable=False, comment="Name", info={"example": "Novels"}),
        *_timestamps(),
        UniqueConstraint("name", "parent_id"),
        comment="Stores the shelves, as a tree.",
    )
)

books = _touched(
    Table(
        "books",
        metadata,
        _id(),
        Column(
            "author_id",
            ForeignKey("authors.id", ondelete="RESTRICT"),
            nullable=False,
            index=True,
            comment="Who wrote it",
            info={"example": 1},
        ),
        Column(
            "category_id",
            ForeignKey("categories.id", ondelete="SET NULL"),
            index=True,
            comment="The shelf it stands on",
        ),
        Column("isbn", String(13), nullable=False, unique=True, comment="ISBN-13", info={"example": "9780306406157"}),
        Column("title", Text, nullable=False, comment="Title", info={"example": "A book"}),
        Column(
            "format",
            Enum("hardcover", "paperback", "audio", name="book_format"),
            nullable=False,
            comment="How it is made",
            info={"example": "paperback"},
        ),
        Column("price", Numeric(10, 2), nullable=False, comment="Net price in euro", info={"example": 20}),
        Column(
            "gross_price",
            Numeric(10, 2),
            Computed("round(price * 1.07, 2)", persisted=True),
            comment="Price with value added tax in euro",
            info={"example": 21.4},
        ),
        Column(
            "tags", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="Tags", info={"example": ["new"]}
        ),
        Column(
            "details",
            JSONB,
            nullable=False,
            server_default=text("'{}'"),
            comment="What else is known",
            info={"example": {"pages": 200}},
        ),
        Column("published", Date, comment="Day of publication", info={"example": "2025-12-16"}),
        *_timestamps(),
        CheckConstraint("price > 0", name="price_positive"),
        CheckConstraint("isbn ~ '^97[89][0-9]{10}$'", name="isbn_form"),
        Index("ix_books_title_published", "title", postgresql_where=text("published IS NOT NULL")),
        comment="Stores the books on sale.",
    )
)

invoice_numbers = Sequence("invoice_numbers", start=1000, metadata=metadata)

orders = _touched(
    Table(
        "orders",
        metadata,
        Column(
            "id",
            Uuid,
            primary_key=True,
            server_default=func.gen_random_uuid(),
            comment="Identifier",
            info={"example": "6ba7b810-9dad-41d1-80b4-00c04fd430c8"},
        ),
        Column(
            "number",
            BigInteger,
            invoice_numbers,
            nullable=False,
            unique=True,
            server_default=invoice_numbers.next_value(),
            comment="Number of the invoice",
            info={"example": 1000},
        ),
        Column(
            "status",
            Enum("placed", "paid", "shipped", name="order_status"),
            nullable=False,
            server_default="placed",
            comment="How far it is",
            info={"example": "placed"},
        ),
        Column("shipped_at", DateTime(timezone=True), comment="When it was sent"),
        *_timestamps(),
        CheckConstraint("(status = 'shipped') = (shipped_at IS NOT NULL)", name="shipped_when_sent"),
        comment="Stores the orders.",
    )
)

order_lines = Table(
    "order_lines",
    metadata,
    Column(
        "order_id",
        ForeignKey("orders.id", ondelete="CASCADE"),
        primary_key=True,
        comment="The order",
        info={"example": "6ba7b810-9dad-41d1-80b4-00c04fd430c8"},
    ),
    Column(
        "book_id",
        ForeignKey("books.id", ondelete="RESTRICT"),
        primary_key=True,
        index=True,
        comment="The book",
        info={"example": 1},
    ),
    Column("quantity", SmallInteger, nullable=False, comment="How many", info={"example": 2}),
    CheckConstraint("quantity BETWEEN 1 AND 99", name="quantity_range"),
    comment="Stores what was ordered.",
    info={"append_only": "An order's lines are written once, with the order."},
)

book_prices = Table(
    "book_prices",
    metadata,
    Column(
        "book_id", ForeignKey("books.id", ondelete="CASCADE"), primary_key=True, comment="The book", info={"example": 1}
    ),
    Column(
        "during",
        DATERANGE,
        primary_key=True,
        comment="The days on which the price holds",
        info={"example": "[2025-01-01,2026-01-01)"},
    ),
    Column("price", Numeric(10, 2), nullable=False, comment="Net price in euro", info={"example": 18}),
    ExcludeConstraint(
        (text("int4range(book_id, book_id, '[]')"), "&&"), ("during", "&&"), name="ex_book_prices_overlap", using="gist"
    ),
    CheckConstraint("price > 0", name="price_positive"),
    comment="Stores special prices, of which a book has one at a time.",
    info={"append_only": "A price that was asked is never changed."},
)

VIEWS: Mapping[str, str] = {
    "book_sales": (
        "CREATE VIEW book_sales AS\nSELECT books.id AS book_id, books.title,\n"
        "  coalesce(sum(order_lines.quantity), 0) AS sold\n"
        "FROM books LEFT JOIN order_lines ON order_lines.book_id = books.id\nGROUP BY books.id"
    ),
}
for _statement in VIEWS.values():
    _after_create(metadata, _statement)
