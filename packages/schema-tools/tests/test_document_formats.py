"""The schema document of a richer schema, and its forms for programs and for spreadsheets."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, Column, ForeignKey, Identity, Index, Integer, MetaData, String, Table, text
from sqlalchemy.dialects import mysql
from sqlalchemy.orm import registry, relationship

from bookshop import tables as bookshop
from schema_tools.document.data_dictionary import HEAD, data_dictionary
from schema_tools.document.markdown import render_document
from schema_tools.document.tbls import tbls_document
from schema_tools.errors import SchemaToolsError
from schema_tools.project import SchemaDocument, SchemaProject

BOOKSHOP_INI = Path(__file__).parent / "bookshop" / "alembic.ini"


def project(metadata: MetaData, *registries: registry) -> SchemaProject:
    document = SchemaDocument.of_any_project(Path("schema.md"), tables="bookshop.tables", migrations=BOOKSHOP_INI)
    return SchemaProject(metadata=metadata, alembic_ini=BOOKSHOP_INI, document=document, registries=lambda: registries)


def section(document: str, table: str) -> str:
    return document.split(f"\n### `{table}`\n")[1].split("\n### ", maxsplit=1)[0].split("\n## ", maxsplit=1)[0]


def test_what_only_postgresql_has_is_documented() -> None:
    document = render_document(project(bookshop.metadata))

    books, prices = section(document, "books"), section(document, "book_prices")
    assert "| `format` | book_format (hardcover, paperback, audio) | NOT NULL | How it is made |" in books
    assert "| `gross_price` | NUMERIC(10, 2) | GENERATED ALWAYS AS (round(price * 1.07, 2)) |" in books
    assert "| `tags` | TEXT[] | NOT NULL, DEFAULT '{}' | Tags |" in books
    assert "- Indexes: `author_id`, `category_id`, `isbn`, `title WHERE published IS NOT NULL`" in books
    assert '  "tags": ["new"],\n  "details": {"pages": 200},\n' in books
    assert (
        "**Exclusions** (no two rows may match):\n"
        "- `USING gist (int4range(book_id, book_id, '[]') WITH &&, during WITH &&)`"
    ) in prices
    assert "DEFAULT nextval('invoice_numbers')" in section(document, "orders")
    assert (
        "- Many to one: `parent_id` refers to `categories.id`, optional, ON DELETE CASCADE\n"
        "- One to many: `id` is referred to by `books.category_id`, ON DELETE SET NULL\n"
        "- One to many: `id` is referred to by `categories.parent_id`, ON DELETE CASCADE\n"
    ) in section(document, "categories")


def test_what_is_to_be_said_of_an_index_and_a_long_condition_stand_where_they_read_well() -> None:
    metadata = MetaData()
    condition = " AND ".join(f"code <> 'number {number}'" for number in range(4))
    Table(
        "parts",
        metadata,
        Column("id", Integer, Identity(always=True), primary_key=True),
        Column("code", String(9), nullable=False),
        Column("size", Integer),
        CheckConstraint(condition),
        Index("ix_parts_code", "code", postgresql_include=["size"], unique=True),
        Index("ix_parts_size", text("size DESC"), postgresql_using="brin"),
    )

    parts = section(render_document(project(metadata)), "parts")

    assert "| `id` | INTEGER | PRIMARY KEY, INDEX, GENERATED ALWAYS AS IDENTITY |" in parts
    assert "| `code` | VARCHAR(9) | NOT NULL, CHECK |" in parts
    assert f"**Checks**:\n- `{condition}`\n" in parts
    assert "- Indexes: `code INCLUDE (size)`, `size DESC USING brin`" in parts


class Mapped:
    """Classes and tables with a relationship of each kind."""

    def __init__(self) -> None:
        self.metadata = MetaData()
        self.registry = registry(metadata=self.metadata)
        key = {"primary_key": True}
        authors = Table("authors", self.metadata, Column("id", Integer, **key))  # type: ignore[arg-type]
        books = Table(
            "books",
            self.metadata,
            Column("id", Integer, primary_key=True),
            Column("author_id", ForeignKey("authors.id"), nullable=False),
        )
        covers = Table("covers", self.metadata, Column("book_id", ForeignKey("books.id"), primary_key=True))
        shops = Table("shops", self.metadata, Column("id", Integer, primary_key=True))
        sold = Table(
            "sold_in",
            self.metadata,
            Column("book_id", ForeignKey("books.id"), primary_key=True),
            Column("shop_id", ForeignKey("shops.id"), primary_key=True),
        )
        # A registry holds its classes weakly.
        self.classes = [type(name, (), {}) for name in ("Author", "Book", "Cover", "Shop")]
        author, book, cover, shop = self.classes
        map_one = self.registry.map_imperatively
        map_one(author, authors, properties={"books": relationship(book, back_populates="author")})
        map_one(
            book,
            books,
            properties={
                "author": relationship(author, back_populates="books"),
                "cover": relationship(cover, back_populates="book", uselist=False),
                "shops": relationship(shop, secondary=sold),
            },
        )
        map_one(cover, covers, properties={"book": relationship(book, back_populates="cover")})
        map_one(shop, shops)


def test_mapped_relationships_stand_beside_those_of_foreign_keys() -> None:
    mapped = Mapped()

    document = render_document(project(mapped.metadata, mapped.registry))

    assert section(document, "books").split("**Relationships**:\n")[1].split("\n\n")[0].splitlines() == [
        "- Many to one: `author_id` refers to `authors.id`, ON DELETE NO ACTION",
        "- One to one: `id` is referred to by `covers.book_id`, ON DELETE NO ACTION",
        "- One to many: `id` is referred to by `sold_in.book_id`, ON DELETE NO ACTION",
        "- Many to one: `Book.author` holds a row of `authors`",
        "- One to one: `Book.cover` holds a row of `covers`",
        "- Many to many: `Book.shops` holds rows of `shops`, through `sold_in`",
    ]
    assert "- One to many: `Author.books` holds rows of `books`" in section(document, "authors")
    assert "- One to one: `Cover.book` holds a row of `books`" in section(document, "covers")


def test_classes_of_other_tables_are_not_documented() -> None:
    mapped = Mapped()
    others = MetaData()
    for table in mapped.metadata.tables.values():
        table.to_metadata(others)

    assert "Book.author" not in render_document(project(others, mapped.registry))


def test_classes_that_cannot_be_mapped_are_said_in_one_sentence() -> None:
    metadata = MetaData()
    one, other = (Table(name, metadata, Column("id", Integer, primary_key=True)) for name in ("ones", "others"))
    broken = registry(metadata=metadata)
    first, second = (type(name, (), {}) for name in ("One", "Other"))
    broken.map_imperatively(second, other)
    broken.map_imperatively(first, one, properties={"other": relationship(second)})

    with pytest.raises(SchemaToolsError, match=r"cannot be mapped onto the tables: .*no foreign keys linking"):
        render_document(project(metadata, broken))
    broken.dispose()


# Required and allowed members, by https://github.com/k1LoW/tbls/blob/main/spec/tbls.schema.json_schema.json
TBLS: dict[str, tuple[set[str], set[str]]] = {
    "schema": ({"tables"}, {"name", "desc", "relations", "functions", "enums", "driver", "labels", "viewpoints"}),
    "table": (
        {"name", "type", "columns"},
        {"comment", "indexes", "constraints", "triggers", "def", "labels", "referenced_tables"},
    ),
    "column": ({"name", "type", "nullable"}, {"default", "extra_def", "labels", "comment"}),
    "index": ({"name", "def", "table", "columns"}, {"comment"}),
    "constraint": (
        {"name", "type", "def", "table", "columns"},
        {"referenced_table", "referenced_columns", "comment"},
    ),
    "relation": (
        {"table", "columns", "parent_table", "parent_columns", "def"},
        {"cardinality", "parent_cardinality", "virtual"},
    ),
    "enum": ({"name", "values"}, set()),
    "driver": ({"name"}, {"database_version", "meta"}),
}
CARDINALITIES = {"zero_or_one", "exactly_one", "zero_or_more", "one_or_more"}
STRINGS = {"name", "type", "def", "table", "comment", "desc", "extra_def", "parent_table", "referenced_table"}


def check(kind: str, document: dict[str, Any]) -> None:
    """The document is one of its kind, in the format of tbls."""
    required, optional = TBLS[kind]
    assert required <= document.keys() <= required | optional, (kind, document)
    assert all(isinstance(value, str) for name, value in document.items() if name in STRINGS), document


@pytest.mark.parametrize("metadata", [bookshop.metadata, Mapped().metadata], ids=["bookshop", "without names"])
def test_the_json_form_is_that_of_tbls(metadata: MetaData) -> None:
    document = json.loads(json.dumps(tbls_document(project(metadata))))

    check("schema", document)
    check("driver", document["driver"])
    columns = {one["name"]: {column["name"] for column in one["columns"]} for one in document["tables"]}
    for table in document["tables"]:
        check("table", table)
        for kind in ("column", "index", "constraint"):
            for one in table[f"{kind}es" if kind == "index" else f"{kind}s"]:
                check(kind, one)
                assert set(one.get("columns", ())) <= columns[table["name"]]
        assert set(table["referenced_tables"]) <= columns.keys()
    for one in document["relations"]:
        check("relation", one)
        assert set(one["columns"]) <= columns[one["table"]]
        assert set(one["parent_columns"]) <= columns[one["parent_table"]]
        assert {one["cardinality"], one["parent_cardinality"]} <= CARDINALITIES
    for one in document["enums"]:
        check("enum", one)
    assert [one["name"] for one in document["tables"]] == sorted(metadata.tables)


def test_the_json_form_says_what_the_tables_are() -> None:
    document = tbls_document(project(bookshop.metadata))
    tables = {one["name"]: one for one in document["tables"]}
    columns = {one["name"]: one for one in tables["books"]["columns"]}

    assert document["enums"][0] == {"name": "book_format", "values": ["hardcover", "paperback", "audio"]}
    assert columns["id"]["extra_def"] == "GENERATED BY DEFAULT AS IDENTITY"
    assert columns["gross_price"]["extra_def"] == "GENERATED ALWAYS AS (round(price * 1.07, 2))"
    assert (columns["tags"]["default"], columns["title"]["default"]) == ("'{}'", None)
    assert [one["def"] for one in tables["books"]["indexes"]][-1] == (
        "CREATE INDEX ix_books_title_published ON books (title) WHERE published IS NOT NULL"
    )
    assert {one["type"] for one in tables["book_prices"]["constraints"]} == {
        *("CHECK", "EXCLUDE", "FOREIGN KEY", "PRIMARY KEY")
    }
    assert document["relations"][1] == {
        "table": "books",
        "columns": ["author_id"],
        "cardinality": "zero_or_more",
        "parent_table": "authors",
        "parent_columns": ["id"],
        "parent_cardinality": "exactly_one",
        "def": "FOREIGN KEY (author_id) REFERENCES authors (id) ON DELETE RESTRICT",
    }


def test_the_data_dictionary_has_a_line_per_column() -> None:
    head, *lines = csv.reader(io.StringIO(data_dictionary(bookshop.metadata)))
    rows = {(line[0], line[2]): dict(zip(head, line, strict=True)) for line in lines}

    assert tuple(head) == HEAD
    assert len(lines) == sum(len(table.columns) for table in bookshop.metadata.tables.values())
    assert rows["books", "author_id"] == {
        "table": "books",
        "position": "2",
        "column": "author_id",
        "type": "INTEGER",
        "nullable": "no",
        "default": "",
        "keys": "foreign key",
        "references": "authors.id",
        "description": "Who wrote it",
        "example": "1",
    }
    assert rows["books", "details"]["example"] == '{"pages": 200}'
    assert rows["order_lines", "order_id"]["keys"] == "primary key, foreign key"
    assert rows["books", "category_id"]["nullable"] == "yes"


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless() -> None:
    metadata = MetaData()
    examples = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "plain"]
    Table(
        "notes",
        metadata,
        *(
            Column(f"c{number}", String, comment='=HYPERLINK("x")', info={"example": example})
            for number, example in enumerate(examples)
        ),
        Column("id", Integer, primary_key=True, info={"example": -1}),
    )

    rows = list(csv.DictReader(io.StringIO(data_dictionary(metadata), newline="")))

    assert [row["example"] for row in rows] == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "plain", "'-1"]
    assert {row["description"] for row in rows} == {'\'=HYPERLINK("x")', ""}


def test_a_type_that_postgresql_does_not_have_is_named() -> None:
    metadata = MetaData()
    Table("notes", metadata, Column("id", Integer, primary_key=True), Column("size", mysql.SET("s", "m")))

    for form in (tbls_document, render_document):
        with pytest.raises(SchemaToolsError, match=r"notes\.size has a type that PostgreSQL does not have: SET"):
            form(project(metadata))


def test_every_form_is_the_same_each_time() -> None:
    shuffled = MetaData()
    for table in reversed(bookshop.metadata.sorted_tables):
        table.to_metadata(shuffled)

    assert data_dictionary(shuffled) == data_dictionary(bookshop.metadata)
    assert tbls_document(project(shuffled))["relations"] == tbls_document(project(bookshop.metadata))["relations"]
