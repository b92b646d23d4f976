"""Drift on SQLite: each kind of difference is named; a table that was altered is one that was made at once."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from schema_tools.catalog.comparing import differences
from schema_tools.catalog.drift import drift
from schema_tools.catalog.objects import Catalog
from schema_tools.catalog.reading import read_catalog
from schema_tools.errors import SchemaToolsError
from schema_tools.migrations import runner
from schema_tools.project import SchemaProject
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from scratch_project import ScratchProject, accounts

SCHEMA = """
CREATE TABLE authors (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(200) NOT NULL COLLATE NOCASE);
CREATE TABLE books (
  id INTEGER NOT NULL,
  author_id INTEGER,
  title TEXT DEFAULT 'a, b (c)' NOT NULL,
  price NUMERIC(10, 2),
  gross NUMERIC GENERATED ALWAYS AS (price * 1.07) STORED,
  CONSTRAINT pk_books PRIMARY KEY (id),
  CONSTRAINT uq_books_title UNIQUE (title),
  CONSTRAINT ck_books_price CHECK (price > 0),
  CONSTRAINT fk_books_author FOREIGN KEY (author_id) REFERENCES authors (id) ON DELETE SET NULL
);
CREATE TABLE pairs (a INT NOT NULL, b INT, PRIMARY KEY (a, b)) STRICT, WITHOUT ROWID;
CREATE INDEX ix_books_author ON books (author_id) WHERE price > 10;
CREATE VIEW dear_books AS SELECT id FROM books WHERE price > 50;
CREATE TRIGGER books_touch AFTER UPDATE ON books BEGIN SELECT 1; END;
"""

# What is changed in the text above, and what must be named then.
EDITS = [
    ("author_id INTEGER,", "author_id BIGINT,", "column books.author_id", "type", "INTEGER", "BIGINT"),
    ("DEFAULT 'a, b (c)' NOT NULL", "DEFAULT 'a, b (c)'", "column books.title", "not null", "yes", "no"),
    ("DEFAULT 'a, b (c)'", "DEFAULT 'a, b (d)'", "column books.title", "default", "'a, b (c)'", "'a, b (d)'"),
    ("COLLATE NOCASE", "", "column authors.name", "collation", "NOCASE", None),
    ("1.07", "1.19", "column books.gross", "generated", "(price * 1.07) STORED", "(price * 1.19) STORED"),
    ("STORED", "VIRTUAL", "column books.gross", "generated", "(price * 1.07) STORED", "(price * 1.07) VIRTUAL"),
    ("  author_id INTEGER,\n", "  author_id INTEGER,\n  born DATE,\n", "column books.born", "existence", None, "DATE"),
    (" AUTOINCREMENT", "", "table authors", "autoincrement", "yes", "no"),
    ("STRICT, WITHOUT ROWID", "STRICT", "table pairs", "without rowid", "yes", "no"),
    ("STRICT, WITHOUT ROWID", "WITHOUT ROWID", "table pairs", "strict", "yes", "no"),
    (
        "PRIMARY KEY (a, b)",
        "PRIMARY KEY (b, a)",
        "primary key pairs.PRIMARY KEY (a, b)",
        "existence",
        "PRIMARY KEY (a, b)",
        None,
    ),
    (
        "UNIQUE (title)",
        "UNIQUE (title, price)",
        "unique constraint books.uq_books_title",
        "definition",
        "UNIQUE (title)",
        "UNIQUE (title, price)",
    ),
    (
        "CHECK (price > 0)",
        "CHECK (price >= 0)",
        "check constraint books.ck_books_price",
        "definition",
        "CHECK (price > 0)",
        "CHECK (price >= 0)",
    ),
    (
        "SET NULL",
        "CASCADE",
        "foreign key books.fk_books_author",
        "definition",
        "FOREIGN KEY (author_id) REFERENCES authors(id) ON DELETE SET NULL",
        "FOREIGN KEY (author_id) REFERENCES authors(id) ON DELETE CASCADE",
    ),
    (
        "ON DELETE SET NULL",
        "ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED",
        "foreign key books.fk_books_author",
        "definition",
        "FOREIGN KEY (author_id) REFERENCES authors(id) ON DELETE SET NULL",
        "FOREIGN KEY (author_id) REFERENCES authors(id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED",
    ),
    (
        "WHERE price > 10",
        "WHERE price > 20",
        "index books.ix_books_author",
        "definition",
        "(author_id) WHERE price > 10",
        "(author_id) WHERE price > 20",
    ),
    (
        "CREATE INDEX ix",
        "CREATE UNIQUE INDEX ix",
        "index books.ix_books_author",
        "definition",
        "(author_id) WHERE price > 10",
        "UNIQUE (author_id) WHERE price > 10",
    ),
    (
        "price > 50",
        "price > 60",
        "view dear_books",
        "definition",
        "SELECT id FROM books WHERE price > 50",
        "SELECT id FROM books WHERE price > 60",
    ),
    (
        "AFTER UPDATE",
        "AFTER INSERT",
        "trigger books.books_touch",
        "definition",
        "AFTER UPDATE ON books BEGIN SELECT 1; END",
        "AFTER INSERT ON books BEGIN SELECT 1; END",
    ),
]


def made(path: Path, script: str) -> Catalog:
    """What SQLite says of a new file that `script` was executed in, or of an old one."""
    connection = sqlite3.connect(path)
    try:
        connection.executescript(script)
    finally:
        connection.close()
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as reading:
        catalog = read_catalog(reading)
    engine.dispose()
    return catalog


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: f"{edit[2]}, {edit[3]}: {edit[1]}")
def test_a_difference_is_named_and_fixed_where_sqlite_can(tmp_path: Path, edit: tuple[str, ...]) -> None:
    old, new, label, aspect, *texts = edit
    assert old in SCHEMA
    right = made(tmp_path / "right.db", SCHEMA)
    wrong = made(tmp_path / "wrong.db", SCHEMA.replace(old, new, 1))

    named = {(one.object, one.aspect): one for one in differences(right, wrong)}
    difference = named[label, aspect]

    assert [difference.expected, difference.found] == texts
    fixes = "\n".join(one.fix for one in named.values())
    fixed = made(tmp_path / "wrong.db", fixes)
    if "batch_alter_table" not in fixes:
        assert differences(right, fixed) == []


def test_missing_and_extra_objects_are_made_and_dropped_by_their_fixes(tmp_path: Path) -> None:
    nothing, everything = made(tmp_path / "nothing.db", ""), made(tmp_path / "everything.db", SCHEMA)

    missing, extra = differences(everything, nothing), differences(nothing, everything)

    assert {one.object for one in missing} == {"table authors", "table books", "table pairs", "view dear_books"}
    assert {one.object for one in extra} == {one.object for one in missing}
    made_again = made(tmp_path / "nothing.db", "\n".join(one.fix for one in missing))
    assert differences(everything, made_again) == []
    dropped = made(tmp_path / "everything.db", "\n".join(one.fix for one in extra))
    assert differences(nothing, dropped) == []


def test_a_table_that_was_altered_renamed_and_quoted_is_the_same(tmp_path: Path) -> None:
    at_once = made(
        tmp_path / "at_once.db",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT REFERENCES t (id),\n"
        '  "c d" TEXT CHECK (a <> \'--\'), e INT UNIQUE, CONSTRAINT "named" CHECK (b > 0));\n'
        "CREATE INDEX ix ON t (a);\nCREATE TRIGGER tr AFTER INSERT ON t BEGIN SELECT 1; END;",
    )
    altered = made(
        tmp_path / "altered.db",
        "CREATE TABLE [old] (\n id INTEGER /* key */,\n zz INT, `a` TEXT, b INT, e INT,\n"
        ' PRIMARY KEY (id),\n FOREIGN KEY(b) REFERENCES "old"(id), UNIQUE (e),\n'
        " CONSTRAINT named CHECK ( b>0 ) -- why\n);\n"
        'CREATE INDEX "ix" ON [old] (a);\nCREATE TRIGGER "tr" AFTER INSERT ON [old] BEGIN SELECT 1; END;\n'
        "ALTER TABLE [old] RENAME TO t;\nALTER TABLE t DROP COLUMN zz;\n"
        "ALTER TABLE t ADD COLUMN \"c d\" TEXT CHECK (a <> '--');",
    )

    assert differences(at_once, altered) == []
    assert 'column t."c d"' in at_once


def test_a_column_that_is_called_as_a_keyword_is_quoted_and_not_taken_for_it(tmp_path: Path) -> None:
    table = 'CREATE TABLE "order" (id INTEGER PRIMARY KEY, "as" TEXT, "collate" TEXT, "check" INT CHECK ("check" > 0))'
    right = made(tmp_path / "right.db", f'{table}; CREATE INDEX ix ON "order" ("as");')
    wrong = made(tmp_path / "wrong.db", 'CREATE TABLE "order" (id INTEGER PRIMARY KEY)')

    found = differences(right, wrong)

    assert [one.fix for one in found if one.object.startswith("column")] == [
        'ALTER TABLE "order" ADD COLUMN "as" TEXT;',
        'ALTER TABLE "order" ADD COLUMN "collate" TEXT;',
        'ALTER TABLE "order" ADD COLUMN "check" INT CHECK ("check" > 0);',
    ]
    fixed = made(tmp_path / "wrong.db", "\n".join(one.fix for one in found))
    assert differences(right, fixed) == []


def test_a_migrated_database_has_no_drift_also_after_down_and_up(
    tmp_path: Path, postgres_servers: PostgresServers
) -> None:
    scratch = ScratchProject.made(tmp_path / "project", postgres_servers.server(POSTGRES_NAMES[-1]))
    scratch.migrate(accounts())
    project, url = scratch.project(accounts()), f"sqlite+aiosqlite:///{tmp_path}/service.db"
    runner.upgrade(project, url)
    assert drift(project, url) == []

    runner.downgrade(project, url, "base")
    runner.upgrade(project, url)
    assert drift(project, url) == []

    made(tmp_path / "service.db", "DROP TRIGGER watch; ALTER TABLE accounts ADD COLUMN nickname TEXT")
    assert [(one.object, one.aspect) for one in drift(project, url)] == [
        ("trigger accounts.watch", "existence"),
        ("column accounts.nickname", "existence"),
    ]


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(SchemaToolsError, match="there is no database at"):
        drift(
            SchemaProject(metadata=accounts(), alembic_ini=tmp_path / "alembic.ini"), f"sqlite:///{tmp_path}/nothing.db"
        )

    assert list(tmp_path.iterdir()) == []
