"""The schema document, from a mapping that has a little of everything."""

from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Enum,
    FetchedValue,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)

from schema_tools.document.markdown import check_document, render_document, write_document
from schema_tools.document.tbls import tbls_document
from schema_tools.errors import SchemaToolsError
from schema_tools.project import SchemaDocument, SchemaProject

BOOKSHOP_INI = Path(__file__).parent / "bookshop" / "alembic.ini"


def library() -> MetaData:
    """Books and their loans: relationships of each kind, a composite key, an enum, checks, a generated column."""
    metadata = MetaData()
    Table(
        "shelves",
        metadata,
        Column("room", String(10), primary_key=True, comment="Room", info={"example": "north"}),
        Column("number", Integer, primary_key=True, comment="Number in the room", info={"example": 4}),
        comment="Stores the shelves.",
    )
    Table(
        "books",
        metadata,
        Column("id", Integer, Identity(), primary_key=True, comment="Book ID", info={"example": 7}),
        Column(
            "title", Text, nullable=False, index=True, comment="Title, with | in it", info={"example": 'He said "no"'}
        ),
        Column("room", String(10), comment="Room of the shelf"),
        Column("shelf", Integer, comment="Number of the shelf"),
        Column(
            "kind", Enum("paper", "audio", name="book_kind"), nullable=False, comment="Kind", info={"example": "paper"}
        ),
        Column("net", Numeric(10, 2), nullable=False, server_default="0", comment="Net price", info={"example": 10.5}),
        Column("gross", Numeric(10, 2), Computed("net * 1.19"), comment="Gross price", info={"example": 12.49}),
        ForeignKeyConstraint(["room", "shelf"], ["shelves.room", "shelves.number"], ondelete="SET NULL"),
        CheckConstraint("net >= 0", name="price_is_positive"),
        CheckConstraint("room IS NULL OR shelf IS NOT NULL", name="whole_place"),
        Index("ix_books_place", "room", "shelf"),
        Index("ix_books_lower_title", text("lower(title)"), unique=True, postgresql_where=text("kind = 'paper'")),
        comment="Stores the books.",
    )
    Table(
        "loans",
        metadata,
        Column(
            "book_id",
            ForeignKey("books.id", ondelete="CASCADE"),
            primary_key=True,
            comment="The book that is lent",
            info={"example": 7},
        ),
        Column("lender", String(50), nullable=False, comment="Who has it", info={"example": "J\u00f6rg"}),
        Column(
            "changed_at",
            DateTime(timezone=True),
            nullable=False,
            server_default=func.now(),
            server_onupdate=FetchedValue(),
            comment="When it changed",
            info={"example": "2025-12-16T10:00:00+00:00"},
        ),
        UniqueConstraint("lender", "changed_at"),
        comment="Stores who has which book.",
    )
    return metadata


def project(metadata: MetaData, directory: Path) -> SchemaProject:
    path = directory / "docs" / "schema.md"
    document = SchemaDocument.of_any_project(path, tables="tables", migrations=BOOKSHOP_INI)
    return SchemaProject(metadata=metadata, alembic_ini=BOOKSHOP_INI, document=document)


def section(document: str, heading: str) -> str:
    """The part of a document under a heading, to the next one of its level or above."""
    level = heading.split(maxsplit=1)[0]
    body = document.split(f"\n{heading}\n", 1)[1]
    stops = [body.find(f"\n{'#' * depth} ") for depth in range(2, len(level) + 1)]
    return body[: min((stop for stop in stops if stop >= 0), default=len(body))].strip()


def test_every_kind_of_column_index_and_relationship_is_documented(tmp_path: Path) -> None:
    assert section(render_document(project(library(), tmp_path)), "### `books`") == dedent(
        """\
        Stores the books.

        **Columns**:

        | Column | Type | Constraints | Description |
        |--------|------|-------------|-------------|
        | `id` | INTEGER | PRIMARY KEY, INDEX | Book ID |
        | `title` | TEXT | NOT NULL, INDEX | Title, with \\| in it |
        | `room` | VARCHAR(10) | FOREIGN KEY | Room of the shelf |
        | `shelf` | INTEGER | FOREIGN KEY | Number of the shelf |
        | `kind` | book_kind (paper, audio) | NOT NULL | Kind |
        | `net` | NUMERIC(10, 2) | NOT NULL, DEFAULT '0', CHECK (net >= 0) | Net price |
        | `gross` | NUMERIC(10, 2) | GENERATED ALWAYS AS (net * 1.19) | Gross price |

        **Indexes**:
        - Primary key: `id`
        - Unique: `lower(title) WHERE kind = 'paper'`
        - Indexes: `lower(title) WHERE kind = 'paper'`, `title`, `(room, shelf)`

        **Checks**:
        - `room IS NULL OR shelf IS NOT NULL`

        **Relationships**:
        - Many to one: `(room, shelf)` refers to `shelves.(room, number)`, optional, ON DELETE SET NULL
        - One to one: `id` is referred to by `loans.book_id`, ON DELETE CASCADE

        **Example**:
        ```python
        {
          "id": 7,
          "title": "He said \\"no\\"",
          "room": None,
          "shelf": None,
          "kind": "paper",
          "net": 10.5,
          "gross": 12.49
        }
        ```"""
    )


def test_composite_keys_and_the_other_side_of_a_relationship_are_documented(tmp_path: Path) -> None:
    shelves = section(render_document(project(library(), tmp_path)), "### `shelves`")

    assert "| `room` | VARCHAR(10) | PRIMARY KEY | Room |" in shelves
    assert "| `number` | INTEGER | PRIMARY KEY | Number in the room |" in shelves
    assert "- Primary key: `(room, number)`\n- Unique: None\n- Indexes: None" in shelves
    assert "- One to many: `(room, number)` is referred to by `books.(room, shelf)`, ON DELETE SET NULL" in shelves


def test_the_diagram_shows_keys_and_relationships(tmp_path: Path) -> None:
    diagram = section(render_document(project(library(), tmp_path)), "## Diagram")

    assert diagram.startswith('```mermaid\nerDiagram\n    books {\n        INTEGER id PK "Book ID"\n')
    assert '        NUMERIC(10_2) net "Net price"\n' in diagram
    assert '        INTEGER book_id PK, FK "The book that is lent"\n' in diagram
    assert '    shelves |o--o{ books : "room, shelf"\n' in diagram
    assert '    books ||--o| loans : "book_id"\n```' in diagram


def test_the_history_lists_every_revision(tmp_path: Path) -> None:
    history = section(render_document(project(library(), tmp_path)), "## Migration History").splitlines()

    assert history[0] == "| Revision | Date | Message | Follows |"
    assert history[2].endswith(" | create books | - |")


def test_tables_are_in_the_order_of_their_names_however_they_were_written(tmp_path: Path) -> None:
    shuffled = MetaData()
    for name in ("shelves", "loans", "books"):
        library().tables[name].to_metadata(shuffled)

    document = render_document(project(shuffled, tmp_path))

    assert document == render_document(project(library(), tmp_path))
    assert [line for line in document.splitlines() if line.startswith("### ")] == [
        "### `books`",
        "### `loans`",
        "### `shelves`",
    ]


def test_a_document_that_was_written_is_current(tmp_path: Path) -> None:
    here = project(library(), tmp_path)

    assert write_document(here) == []
    assert check_document(here) == []


def test_a_document_that_differs_by_a_byte_is_a_finding_that_shows_the_line(tmp_path: Path) -> None:
    here = project(library(), tmp_path)
    write_document(here)
    assert here.document is not None
    path = here.document.path
    path.write_text(path.read_text().replace("Stores the books.", "Stores the books"))

    changed = [line for line in check_document(here) if line.startswith(("+", "-"))]
    assert changed[2:] == ["-Stores the books", "+Stores the books."]


@pytest.mark.parametrize("edit", ["end of line", "last newline", "missing"])
def test_a_difference_that_cannot_be_seen_is_a_finding(tmp_path: Path, edit: str) -> None:
    here = project(library(), tmp_path)
    write_document(here)
    assert here.document is not None
    path = here.document.path
    match edit:
        case "end of line":
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        case "last newline":
            path.write_bytes(path.read_bytes()[:-1])
        case _:
            path.unlink()

    assert check_document(here)


def test_what_has_no_comment_and_no_example_is_named(tmp_path: Path) -> None:
    metadata = MetaData()
    Table("bare", metadata, Column("id", Integer, primary_key=True), Column("note", Text), comment=" ")
    here = project(metadata, tmp_path)

    found = write_document(here)

    assert [line.split(":")[0] for line in found] == [
        "bare has no comment",
        "bare.id has no comment",
        "bare.id has no example",
        "bare.note has no comment",
    ]
    assert check_document(here) == found


def test_a_table_without_a_comment_has_its_columns_below_its_name(tmp_path: Path) -> None:
    metadata = MetaData()
    Table("notes", metadata, Column("id", Integer, primary_key=True))

    assert "### `notes`\n\n**Columns**:" in render_document(project(metadata, tmp_path))


def test_a_project_without_a_document_says_so() -> None:
    with pytest.raises(SchemaToolsError, match="no schema document"):
        render_document(SchemaProject(metadata=MetaData(), alembic_ini=BOOKSHOP_INI))


def test_the_text_around_the_tables_is_that_of_the_template(tmp_path: Path) -> None:
    template = tmp_path / "template.md"
    template.write_text("# Shop\n\nAll of <!-- it -->.\n\n<!-- tables -->\n<!-- diagram -->\n<!-- history -->\n")
    document = SchemaDocument(path=tmp_path / "schema.md", template=template, texts={"it": "`this`"})
    here = SchemaProject(metadata=library(), alembic_ini=BOOKSHOP_INI, document=document)

    assert render_document(here).startswith("# Shop\n\nAll of `this`.\n\n### `books`\n\nStores the books.\n")
    assert "<!-- " not in render_document(here)
    assert tbls_document(here)["name"] == "Shop"


@pytest.mark.parametrize("text", [None, "# Shop\n\n<!-- tables -->\n<!-- diagram -->\n"])
def test_a_template_that_cannot_be_read_or_says_not_where_a_part_goes_is_refused(
    tmp_path: Path, text: str | None
) -> None:
    template = tmp_path / "template.md"
    if text is not None:
        template.write_text(text)
    document = SchemaDocument(path=tmp_path / "schema.md", template=template)

    with pytest.raises(SchemaToolsError, match="cannot be read" if text is None else "history"):
        render_document(SchemaProject(metadata=library(), alembic_ini=BOOKSHOP_INI, document=document))
