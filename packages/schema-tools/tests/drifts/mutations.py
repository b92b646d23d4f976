"""The mutations: each a single change of the schema that `drifts.club` and the bookshop make, by hand.

Every difference that the specification lists is among them; what must be said of it stands beside it.
"""
# ruff: noqa: E501 -- a mutation is a row of a table

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self
from uuid import uuid4

from sqlalchemy import URL, Connection
from sqlalchemy.exc import DBAPIError

from drifts.club import EVERYTHING
from schema_tools.catalog.mapped import make_mapped
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.rehearsal.scratch import engine_of


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A change, and the difference that it makes.

    Attributes:
        group: The kind of object.
        name: What was changed, in a few words: unique.
        sql: Statements.
        object: The label of the object that must be named.
        aspect: The aspect that must be named.
        expected: What must be said of the one side: the text, or a part of it between three dots.
        found: The same of the other.
        since: The first release of PostgreSQL that can do it.
        fixes: Whether a statement can undo it; if not, it says why in a comment.
        others: Further differences, which follow from the same statement, as (label, aspect).
        alone: Whether the statements are executed one by one, outside a transaction, and may fail.
    """

    group: str
    name: str
    sql: str
    object: str
    aspect: str
    expected: str | None
    found: str | None
    since: int = 15
    fixes: bool = True
    others: tuple[tuple[str, str], ...] = ()
    alone: bool = False


def says(wanted: str | None, said: str | None) -> bool:
    """Whether a text is the one that a mutation wants."""
    if wanted is None or said is None or not wanted.startswith("..."):
        return wanted == said
    return wanted.strip(".") in said


@dataclass(frozen=True)
class Playground:
    """A database with all that the mutations change, and a connection to it for all that happens in transactions."""

    server: RunningPostgres
    connection: Connection

    @classmethod
    @contextmanager
    def made(cls, server: RunningPostgres) -> Iterator[Self]:
        """A new one, which is dropped afterwards."""
        with _database(server) as url, engine_of(url).connect() as connection:
            yield cls(server, connection)

    def possible(self) -> list[Mutation]:
        """The mutations that this release can do."""
        return [one for one in MUTATIONS if one.since <= self.server.major]

    @contextmanager
    def after(self, mutation: Mutation) -> Iterator[Connection]:
        """A connection to the database in which `mutation` has happened, and which is as it was afterwards."""
        if mutation.alone:
            with _database(self.server) as url, engine_of(url).connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT")
                for statement in mutation.sql.split(";\n"):
                    _tolerate(connection, statement)
                yield connection
        else:
            with self.connection.begin() as transaction:
                run(self.connection, mutation.sql)
                yield self.connection
                transaction.rollback()


@contextmanager
def _database(server: RunningPostgres) -> Iterator[URL]:
    url = server.create_database(f"drifts_{uuid4().hex}")
    try:
        with engine_of(url).begin() as connection:
            for metadata in EVERYTHING:
                make_mapped(connection, metadata)
        yield url
    finally:
        server.drop_database(str(url.database))


def run(connection: Connection, script: str) -> None:
    """Execute several statements as they are."""
    connection.exec_driver_sql(script, execution_options={"no_parameters": True})


def _tolerate(connection: Connection, statement: str) -> None:
    try:
        run(connection, statement)
    except DBAPIError as error:
        if "could not create unique index" not in str(error):
            raise


def _of(group: str, *mutations: tuple[object, ...]) -> list[Mutation]:
    keys = ("name", "sql", "object", "aspect", "expected", "found")
    found = []
    for one in mutations:
        *fields, options = one if isinstance(one[-1], dict) else (*one, {})
        found.append(Mutation(group=group, **dict(zip(keys, fields, strict=True)), **options))  # type: ignore[arg-type]
    return found


MUTATIONS: list[Mutation] = [
    *_of(
        "table",
        ("missing", "DROP TABLE book_prices", "table book_prices", "existence", "table", None),
        ("extra", "CREATE TABLE notes (id int PRIMARY KEY, t text UNIQUE)", "table notes", "existence", None, "table"),
        ("UNLOGGED", "ALTER TABLE book_prices SET UNLOGGED", "table book_prices", "persistence", "permanent", "unlogged"),
        ("LOGGED", "ALTER TABLE baskets SET LOGGED", "table baskets", "persistence", "unlogged", "permanent"),
        ("storage parameter", "ALTER TABLE baskets SET (fillfactor = 50)", "table baskets", "storage parameters", "fillfactor=70", "fillfactor=50"),
        ("storage parameter of TOAST", "ALTER TABLE books SET (toast.autovacuum_enabled = false)", "table books", "storage parameters", None, "toast.autovacuum_enabled=false"),
        ("row security off", "ALTER TABLE members DISABLE ROW LEVEL SECURITY", "table members", "row security", "yes", "no"),
        ("row security forced", "ALTER TABLE members FORCE ROW LEVEL SECURITY", "table members", "forced row security", "no", "yes"),
        ("replica identity FULL", "ALTER TABLE books REPLICA IDENTITY FULL", "table books", "replica identity", "default", "full"),
        ("replica identity by index", "ALTER TABLE books REPLICA IDENTITY USING INDEX uq_books_isbn", "table books", "replica identity", "default", "index uq_books_isbn"),
        ("comment", "COMMENT ON TABLE books IS 'Stores things.'", "table books", "comment", "Stores the books on sale.", "Stores things."),
        ("comment gone", "COMMENT ON TABLE members IS NULL", "table members", "comment", "Stores who is in the club.", None),
        ("partition missing", "DROP TABLE visits_2026", "table visits_2026", "existence", "table", None),
        ("partition detached", "ALTER TABLE visits DETACH PARTITION visits_2026", "table visits_2026", "partition", "of visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')", None),
        ("partition bounds", "ALTER TABLE visits DETACH PARTITION visits_2026; ALTER TABLE visits ATTACH PARTITION visits_2026 FOR VALUES FROM ('2026-01-01') TO ('2028-01-01')", "table visits_2026", "partition", "...2027-01-01...", "...2028-01-01..."),
        ("inheritance", "CREATE TABLE old_baskets () INHERITS (baskets)", "table old_baskets", "existence", None, "table"),
        ("parent", "CREATE TABLE things (content text); ALTER TABLE baskets INHERIT things", "table baskets", "inherits", None, "things", {"others": (("table things", "existence"),)}),
        ("type of the table", "CREATE TYPE basket AS (id integer, content text); ALTER TABLE baskets OF basket", "table baskets", "of type", None, "basket", {"others": (("composite type basket", "existence"),)}),
    ),
    *_of(
        "column",
        ("missing", "ALTER TABLE authors DROP COLUMN pen_name", "column authors.pen_name", "existence", "character varying(200)", None),
        ("extra", "ALTER TABLE authors ADD COLUMN born date", "column authors.born", "existence", None, "date"),
        ("type", "ALTER TABLE members ALTER COLUMN points TYPE bigint", "column members.points", "type", "integer", "bigint"),
        ("type under a view", "DROP VIEW book_sales; ALTER TABLE books ALTER COLUMN title TYPE varchar(500); CREATE VIEW book_sales AS SELECT books.id AS book_id, books.title, coalesce(sum(order_lines.quantity), 0) AS sold FROM books LEFT JOIN order_lines ON order_lines.book_id = books.id GROUP BY books.id", "column books.title", "type", "text", "character varying(500)"),
        ("length", "ALTER TABLE authors ALTER COLUMN name TYPE varchar(100)", "column authors.name", "type", "character varying(200)", "character varying(100)"),
        ("precision", "ALTER TABLE book_prices ALTER COLUMN price TYPE numeric(12, 4)", "column book_prices.price", "type", "numeric(10,2)", "numeric(12,4)"),
        ("time zone", "ALTER TABLE orders DROP CONSTRAINT ck_orders_shipped_when_sent; ALTER TABLE orders ALTER COLUMN shipped_at TYPE timestamp; ALTER TABLE orders ADD CONSTRAINT ck_orders_shipped_when_sent CHECK ((status = 'shipped') = (shipped_at IS NOT NULL))", "column orders.shipped_at", "type", "timestamp with time zone", "timestamp without time zone"),
        ("nullable", "ALTER TABLE books ALTER COLUMN title DROP NOT NULL", "column books.title", "not null", "yes", "no"),
        ("not nullable", "ALTER TABLE authors ALTER COLUMN pen_name SET NOT NULL", "column authors.pen_name", "not null", "no", "yes"),
        ("NOT NULL not validated", "ALTER TABLE books ALTER COLUMN title DROP NOT NULL; ALTER TABLE books ADD CONSTRAINT t NOT NULL title NOT VALID", "column books.title", "not null", "yes", "not valid", {"since": 18}),
        ("default", "ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'paid'", "column orders.status", "default", "'placed'::order_status", "'paid'::order_status"),
        ("default that is a function", "ALTER TABLE orders ALTER COLUMN created_at SET DEFAULT clock_timestamp()", "column orders.created_at", "default", "now()", "clock_timestamp()"),
        ("default gone", "ALTER TABLE books ALTER COLUMN tags DROP DEFAULT", "column books.tags", "default", "'{}'::text[]", None),
        ("default of a column with a quoted name", 'ALTER TABLE members ALTER COLUMN "Full Name" SET DEFAULT $$it\'s$$', 'column members."Full Name"', "default", "'nobody'::text", "'it''s'::text"),
        ("identity gone", "ALTER TABLE authors ALTER COLUMN id DROP IDENTITY", "column authors.id", "identity", "BY DEFAULT AS IDENTITY", None),
        ("identity kind", "ALTER TABLE authors ALTER COLUMN id SET GENERATED ALWAYS", "column authors.id", "identity", "BY DEFAULT AS IDENTITY", "ALWAYS AS IDENTITY"),
        ("identity increment", "ALTER TABLE members ALTER COLUMN points SET INCREMENT BY 2", "column members.points", "identity", "ALWAYS AS IDENTITY (INCREMENT BY 5 START WITH 10)", "ALWAYS AS IDENTITY (INCREMENT BY 2 START WITH 10)"),
        ("identity instead of a sequence", "ALTER TABLE baskets ALTER COLUMN id DROP DEFAULT; DROP SEQUENCE baskets_id_seq; ALTER TABLE baskets ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY", "column baskets.id", "identity", None, "BY DEFAULT AS IDENTITY", {"others": (("column baskets.id", "default"), ("sequence baskets_id_seq", "existence"))}),
        ("sequence instead of an identity", "ALTER TABLE authors ALTER COLUMN id DROP IDENTITY; CREATE SEQUENCE authors_id_seq OWNED BY authors.id; ALTER TABLE authors ALTER COLUMN id SET DEFAULT nextval('authors_id_seq')", "column authors.id", "identity", "BY DEFAULT AS IDENTITY", None, {"others": (("column authors.id", "default"), ("sequence authors_id_seq", "existence"))}),
        ("generated instead of a default", "ALTER TABLE authors DROP COLUMN pen_name; ALTER TABLE authors ADD COLUMN pen_name varchar(200) GENERATED ALWAYS AS (upper(name)) STORED; COMMENT ON COLUMN authors.pen_name IS 'The name on the cover, where it is another'", "column authors.pen_name", "generated", None, "ALWAYS AS (upper((name)::text)) STORED"),
        ("default instead of generated", "ALTER TABLE books ALTER COLUMN gross_price DROP EXPRESSION; ALTER TABLE books ALTER COLUMN gross_price SET DEFAULT 7", "column books.gross_price", "generated", "ALWAYS AS (round((price * 1.07), 2)) STORED", None, {"others": (("column books.gross_price", "default"),)}),
        ("generation expression", "ALTER TABLE books DROP COLUMN gross_price; ALTER TABLE books ADD COLUMN gross_price numeric(10, 2) GENERATED ALWAYS AS (round(price * 1.19, 2)) STORED; COMMENT ON COLUMN books.gross_price IS 'Price with value added tax in euro'", "column books.gross_price", "generated", "ALWAYS AS (round((price * 1.07), 2)) STORED", "ALWAYS AS (round((price * 1.19), 2)) STORED"),
        ("generation gone", "ALTER TABLE books ALTER COLUMN gross_price DROP EXPRESSION", "column books.gross_price", "generated", "ALWAYS AS (round((price * 1.07), 2)) STORED", None),
        ("generation kind", "ALTER TABLE books DROP COLUMN gross_price; ALTER TABLE books ADD COLUMN gross_price numeric(10, 2) GENERATED ALWAYS AS (round(price * 1.07, 2)) VIRTUAL; COMMENT ON COLUMN books.gross_price IS 'Price with value added tax in euro'", "column books.gross_price", "generated", "ALWAYS AS (round((price * 1.07), 2)) STORED", "ALWAYS AS (round((price * 1.07), 2)) VIRTUAL", {"since": 18}),
        ("collation", 'DROP RULE keep_members ON members; DROP POLICY members_own ON members; DROP MATERIALIZED VIEW member_counts; ALTER TABLE members ALTER COLUMN region TYPE varchar(2) COLLATE "POSIX"; CREATE RULE keep_members AS ON DELETE TO members WHERE OLD.id = 1 DO INSTEAD NOTHING; CREATE POLICY members_own ON members FOR SELECT USING (region = \'DE\'); CREATE MATERIALIZED VIEW member_counts AS SELECT region, count(*) AS members FROM members GROUP BY region; CREATE UNIQUE INDEX ix_member_counts_region ON member_counts (region)', "column members.region", "collation", '"C"', '"POSIX"'),
        ("storage", "ALTER TABLE books ALTER COLUMN title SET STORAGE EXTERNAL", "column books.title", "storage", None, "EXTERNAL"),
        ("compression", "ALTER TABLE books ALTER COLUMN title SET COMPRESSION pglz", "column books.title", "compression", None, "pglz"),
        ("statistics target", "ALTER TABLE books ALTER COLUMN title SET STATISTICS 500", "column books.title", "statistics target", None, "500"),
        ("planner's options", "ALTER TABLE books ALTER COLUMN title SET (n_distinct = 100)", "column books.title", "options", None, "n_distinct=100"),
        ("comment", "COMMENT ON COLUMN books.title IS 'What is on the cover'", "column books.title", "comment", "Title", "What is on the cover"),
        ("comment of a view's column", "COMMENT ON COLUMN book_sales.sold IS 'Copies'", "column book_sales.sold", "comment", None, "Copies"),
        ("default of a view's column", "ALTER VIEW new_members ALTER COLUMN email SET DEFAULT 'a@b'", "column new_members.email", "default", None, "'a@b'::text"),
        ("renamed", "ALTER TABLE authors RENAME COLUMN pen_name TO alias", "column authors.pen_name", "existence", "character varying(200)", None, {"others": (("column authors.alias", "existence"),)}),
    ),
    *_of(
        "constraint",
        ("CHECK missing", "ALTER TABLE books DROP CONSTRAINT ck_books_price_positive", "check constraint books.ck_books_price_positive", "existence", "CHECK ((price > (0)::numeric))", None),
        ("CHECK extra", "ALTER TABLE books ADD CONSTRAINT cheap CHECK (price < 1000)", "check constraint books.cheap", "existence", None, "CHECK ((price < (1000)::numeric))"),
        ("CHECK expression", "ALTER TABLE books DROP CONSTRAINT ck_books_price_positive; ALTER TABLE books ADD CONSTRAINT ck_books_price_positive CHECK (price >= 0)", "check constraint books.ck_books_price_positive", "definition", "CHECK ((price > (0)::numeric))", "CHECK ((price >= (0)::numeric))"),
        ("CHECK not validated", "ALTER TABLE books DROP CONSTRAINT ck_books_price_positive; ALTER TABLE books ADD CONSTRAINT ck_books_price_positive CHECK (price > 0) NOT VALID", "check constraint books.ck_books_price_positive", "validity", "valid", "not valid"),
        ("CHECK not enforced", "ALTER TABLE books DROP CONSTRAINT ck_books_price_positive; ALTER TABLE books ADD CONSTRAINT ck_books_price_positive CHECK (price > 0) NOT ENFORCED", "check constraint books.ck_books_price_positive", "validity", "valid", "not enforced", {"since": 18}),
        ("CHECK renamed", "ALTER TABLE books RENAME CONSTRAINT ck_books_price_positive TO positive", "check constraint books.ck_books_price_positive", "name", "ck_books_price_positive", "positive"),
        ("CHECK comment", "COMMENT ON CONSTRAINT ck_books_price_positive ON books IS 'Nothing is free'", "check constraint books.ck_books_price_positive", "comment", None, "Nothing is free"),
        ("UNIQUE missing", "ALTER TABLE books DROP CONSTRAINT uq_books_isbn", "unique constraint books.uq_books_isbn", "existence", "UNIQUE (isbn)", None),
        ("UNIQUE extra", "ALTER TABLE books ADD CONSTRAINT one_title UNIQUE (title)", "unique constraint books.one_title", "existence", None, "UNIQUE (title)"),
        ("UNIQUE columns", "ALTER TABLE books DROP CONSTRAINT uq_books_isbn; ALTER TABLE books ADD CONSTRAINT uq_books_isbn UNIQUE (isbn, title)", "unique constraint books.uq_books_isbn", "definition", "UNIQUE (isbn)", "UNIQUE (isbn, title)"),
        ("UNIQUE NULLS NOT DISTINCT", "ALTER TABLE books DROP CONSTRAINT uq_books_isbn; ALTER TABLE books ADD CONSTRAINT uq_books_isbn UNIQUE NULLS NOT DISTINCT (isbn)", "unique constraint books.uq_books_isbn", "definition", "UNIQUE (isbn)", "UNIQUE NULLS NOT DISTINCT (isbn)"),
        ("UNIQUE deferrable", "ALTER TABLE books DROP CONSTRAINT uq_books_isbn; ALTER TABLE books ADD CONSTRAINT uq_books_isbn UNIQUE (isbn) DEFERRABLE", "unique constraint books.uq_books_isbn", "deferrability", "NOT DEFERRABLE INITIALLY IMMEDIATE", "DEFERRABLE INITIALLY IMMEDIATE"),
        ("UNIQUE, by an index only", "ALTER TABLE books DROP CONSTRAINT uq_books_isbn; CREATE UNIQUE INDEX uq_books_isbn ON books (isbn)", "unique constraint books.uq_books_isbn", "existence", "UNIQUE (isbn)", None, {"others": (("index books.uq_books_isbn", "existence"),)}),
        ("UNIQUE storage parameter", "ALTER INDEX uq_books_isbn SET (fillfactor = 60)", "unique constraint books.uq_books_isbn", "storage parameters", None, "fillfactor=60"),
        ("primary key missing", "ALTER TABLE order_lines DROP CONSTRAINT pk_order_lines", "primary key order_lines.pk_order_lines", "existence", "PRIMARY KEY (order_id, book_id)", None),
        ("primary key renamed", "ALTER TABLE orders RENAME CONSTRAINT pk_orders TO orders_key", "primary key orders.pk_orders", "name", "pk_orders", "orders_key"),
        ("primary key columns, in another order", "ALTER TABLE order_lines DROP CONSTRAINT pk_order_lines; ALTER TABLE order_lines ADD CONSTRAINT pk_order_lines PRIMARY KEY (book_id, order_id)", "primary key order_lines.pk_order_lines", "definition", "PRIMARY KEY (order_id, book_id)", "PRIMARY KEY (book_id, order_id)"),
        ("primary key that others refer to", "ALTER TABLE order_lines DROP CONSTRAINT fk_order_lines_order_id_orders; ALTER TABLE orders DROP CONSTRAINT pk_orders; ALTER TABLE orders ADD CONSTRAINT pk_orders PRIMARY KEY (id) DEFERRABLE", "primary key orders.pk_orders", "deferrability", "NOT DEFERRABLE INITIALLY IMMEDIATE", "DEFERRABLE INITIALLY IMMEDIATE", {"others": (("foreign key order_lines.fk_order_lines_order_id_orders", "existence"),)}),
        ("primary key clustered", "ALTER TABLE books CLUSTER ON pk_books", "primary key books.pk_books", "clustered", "no", "yes"),
        ("primary key WITHOUT OVERLAPS", "ALTER TABLE book_prices DROP CONSTRAINT pk_book_prices; ALTER TABLE book_prices ADD CONSTRAINT pk_book_prices PRIMARY KEY (book_id, during WITHOUT OVERLAPS)", "primary key book_prices.pk_book_prices", "definition", "PRIMARY KEY (book_id, during)", "PRIMARY KEY (book_id, during WITHOUT OVERLAPS)", {"since": 18}),
        ("foreign key missing", "ALTER TABLE books DROP CONSTRAINT fk_books_author_id_authors", "foreign key books.fk_books_author_id_authors", "existence", "FOREIGN KEY (author_id) REFERENCES authors(id) ON DELETE RESTRICT", None),
        ("foreign key extra", "ALTER TABLE members ADD CONSTRAINT also_author FOREIGN KEY (points) REFERENCES authors", "foreign key members.also_author", "existence", None, "FOREIGN KEY (points) REFERENCES authors(id)"),
        ("foreign key ON DELETE", "ALTER TABLE books DROP CONSTRAINT fk_books_author_id_authors; ALTER TABLE books ADD CONSTRAINT fk_books_author_id_authors FOREIGN KEY (author_id) REFERENCES authors ON DELETE CASCADE", "foreign key books.fk_books_author_id_authors", "definition", "...ON DELETE RESTRICT", "...ON DELETE CASCADE"),
        ("foreign key target", "ALTER TABLE books DROP CONSTRAINT fk_books_author_id_authors; ALTER TABLE books ADD CONSTRAINT fk_books_author_id_authors FOREIGN KEY (author_id) REFERENCES categories ON DELETE RESTRICT", "foreign key books.fk_books_author_id_authors", "definition", "...REFERENCES authors(id)...", "...REFERENCES categories(id)..."),
        ("foreign key deferrable", "ALTER TABLE books ALTER CONSTRAINT fk_books_author_id_authors DEFERRABLE INITIALLY DEFERRED", "foreign key books.fk_books_author_id_authors", "deferrability", "NOT DEFERRABLE INITIALLY IMMEDIATE", "DEFERRABLE INITIALLY DEFERRED"),
        ("foreign key no longer deferrable", "ALTER TABLE members ALTER CONSTRAINT fk_members_referrer NOT DEFERRABLE", "foreign key members.fk_members_referrer", "deferrability", "DEFERRABLE INITIALLY DEFERRED", "NOT DEFERRABLE INITIALLY IMMEDIATE"),
        ("foreign key not validated", "ALTER TABLE books DROP CONSTRAINT fk_books_author_id_authors; ALTER TABLE books ADD CONSTRAINT fk_books_author_id_authors FOREIGN KEY (author_id) REFERENCES authors ON DELETE RESTRICT NOT VALID", "foreign key books.fk_books_author_id_authors", "validity", "valid", "not valid"),
        ("foreign key not enforced", "ALTER TABLE books ALTER CONSTRAINT fk_books_author_id_authors NOT ENFORCED", "foreign key books.fk_books_author_id_authors", "validity", "valid", "not enforced", {"since": 18}),
        ("foreign key triggers disabled", "ALTER TABLE order_lines DISABLE TRIGGER ALL", "foreign key order_lines.fk_order_lines_book_id_books", "enforcement", None, "triggers disabled or only on a replica", {"others": (("foreign key order_lines.fk_order_lines_order_id_orders", "enforcement"),)}),
        ("EXCLUDE missing", "ALTER TABLE book_prices DROP CONSTRAINT ex_book_prices_overlap", "exclusion constraint book_prices.ex_book_prices_overlap", "existence", "...EXCLUDE USING gist", None),
        ("EXCLUDE operators", "ALTER TABLE book_prices DROP CONSTRAINT ex_book_prices_overlap; ALTER TABLE book_prices ADD CONSTRAINT ex_book_prices_overlap EXCLUDE USING gist (int4range(book_id, book_id, '[]') WITH =, during WITH &&)", "exclusion constraint book_prices.ex_book_prices_overlap", "definition", "...'[]'::text) WITH &&,...", "...'[]'::text) WITH =,..."),
    ),
    *_of(
        "index",
        ("missing", "DROP INDEX ix_books_author_id", "index books.ix_books_author_id", "existence", "btree (author_id)", None),
        ("extra", "CREATE INDEX by_price ON books (price)", "index books.by_price", "existence", None, "btree (price)"),
        ("renamed", "ALTER INDEX ix_books_author_id RENAME TO by_author", "index books.ix_books_author_id", "name", "ix_books_author_id", "by_author"),
        ("columns", "DROP INDEX ix_books_author_id; CREATE INDEX ix_books_author_id ON books (author_id, price)", "index books.ix_books_author_id", "definition", "btree (author_id)", "btree (author_id, price)"),
        ("unique", "DROP INDEX ix_books_author_id; CREATE UNIQUE INDEX ix_books_author_id ON books (author_id)", "index books.ix_books_author_id", "definition", "btree (author_id)", "UNIQUE btree (author_id)"),
        ("method", "DROP INDEX ix_books_author_id; CREATE INDEX ix_books_author_id ON books USING hash (author_id)", "index books.ix_books_author_id", "definition", "btree (author_id)", "hash (author_id)"),
        ("order", "DROP INDEX ix_books_author_id; CREATE INDEX ix_books_author_id ON books (author_id DESC)", "index books.ix_books_author_id", "definition", "btree (author_id)", "btree (author_id DESC)"),
        ("operator class", "DROP INDEX ix_members_notes; CREATE INDEX ix_members_notes ON members (notes) WITH (fillfactor = 80)", "index members.ix_members_notes", "definition", "btree (notes text_pattern_ops)", "btree (notes)"),
        ("INCLUDE", "DROP INDEX ix_members_region; CREATE INDEX ix_members_region ON members (region)", "index members.ix_members_region", "definition", "btree (region) INCLUDE (email)", "btree (region)"),
        ("predicate", "DROP INDEX ix_books_title_published; CREATE INDEX ix_books_title_published ON books (title) WHERE published IS NULL", "index books.ix_books_title_published", "definition", "btree (title) WHERE (published IS NOT NULL)", "btree (title) WHERE (published IS NULL)"),
        ("predicate gone", "DROP INDEX ix_books_title_published; CREATE INDEX ix_books_title_published ON books (title)", "index books.ix_books_title_published", "definition", "btree (title) WHERE (published IS NOT NULL)", "btree (title)"),
        ("expression", "DROP INDEX ix_members_lower_email; CREATE UNIQUE INDEX ix_members_lower_email ON members (upper(email))", "index members.ix_members_lower_email", "definition", "UNIQUE btree (lower((email)::text))", "UNIQUE btree (upper((email)::text))"),
        ("collation", 'DROP INDEX ix_books_title_published; CREATE INDEX ix_books_title_published ON books (title COLLATE "C") WHERE published IS NOT NULL', "index books.ix_books_title_published", "definition", "btree (title) WHERE (published IS NOT NULL)", 'btree (title COLLATE "C") WHERE (published IS NOT NULL)'),
        ("storage parameter", "ALTER INDEX ix_members_notes SET (fillfactor = 90)", "index members.ix_members_notes", "storage parameters", "fillfactor=80", "fillfactor=90"),
        ("invalid", "DROP INDEX ix_members_lower_email;\nINSERT INTO members (email) VALUES ('a@b'), ('A@b');\nCREATE UNIQUE INDEX CONCURRENTLY ix_members_lower_email ON members (lower(email));\nDELETE FROM members WHERE id > 1", "index members.ix_members_lower_email", "validity", "valid", "invalid", {"alone": True}),
        ("clustered", "ALTER TABLE books CLUSTER ON ix_books_author_id", "index books.ix_books_author_id", "clustered", "no", "yes"),
        ("comment", "COMMENT ON INDEX ix_books_author_id IS 'Who wrote what'", "index books.ix_books_author_id", "comment", None, "Who wrote what"),
        ("on a materialized view", "DROP INDEX ix_member_counts_region", "index member_counts.ix_member_counts_region", "existence", "UNIQUE btree (region)", None),
        ("on a partitioned table", "DROP INDEX ix_visits_member_id", "index visits.ix_visits_member_id", "existence", "btree (member_id)", None),
    ),
    *_of(
        "trigger",
        ("missing", "DROP TRIGGER books_touch ON books", "trigger books.books_touch", "existence", "...BEFORE UPDATE ON books", None),
        ("extra", "CREATE TRIGGER again AFTER INSERT ON books FOR EACH ROW EXECUTE FUNCTION stamp()", "trigger books.again", "existence", None, "...AFTER INSERT ON books"),
        ("events", "DROP TRIGGER books_touch ON books; CREATE TRIGGER books_touch BEFORE INSERT OR UPDATE ON books FOR EACH ROW EXECUTE FUNCTION touch()", "trigger books.books_touch", "definition", "...BEFORE UPDATE ON...", "...BEFORE INSERT OR UPDATE ON..."),
        ("condition", "DROP TRIGGER authors_touch ON authors; CREATE TRIGGER authors_touch BEFORE UPDATE ON authors FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION touch()", "trigger authors.authors_touch", "definition", "...FOR EACH ROW EXECUTE", "...WHEN (old.* IS DISTINCT FROM new.*)"),
        ("columns", "DROP TRIGGER members_stamp ON members; CREATE TRIGGER members_stamp BEFORE UPDATE OF region ON members FOR EACH ROW EXECUTE FUNCTION stamp()", "trigger members.members_stamp", "definition", "...UPDATE OF notes...", "...UPDATE OF region..."),
        ("disabled", "ALTER TABLE books DISABLE TRIGGER books_touch", "trigger books.books_touch", "enabled", "yes", "no"),
        ("enabled on replicas", "ALTER TABLE books ENABLE REPLICA TRIGGER books_touch", "trigger books.books_touch", "enabled", "yes", "on a replica only"),
        ("always enabled", "ALTER TABLE books ENABLE ALWAYS TRIGGER books_touch", "trigger books.books_touch", "enabled", "yes", "always"),
        ("comment", "COMMENT ON TRIGGER books_touch ON books IS 'Sets the time'", "trigger books.books_touch", "comment", None, "Sets the time"),
    ),
    *_of(
        "function",
        ("missing", "DROP FUNCTION half", "function half(number integer)", "existence", "...CREATE OR REPLACE FUNCTION half", None),
        ("extra", "CREATE FUNCTION third(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 / 3'", "function third(integer)", "existence", None, "...CREATE OR REPLACE FUNCTION third"),
        ("body", "CREATE OR REPLACE FUNCTION half(number integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT number / 3'", "function half(number integer)", "definition", "...number / 2", "...number / 3"),
        ("body of a trigger's function", "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'", "function touch()", "definition", "...NEW.updated_at := now()", "...BEGIN RETURN NEW"),
        ("volatility", "ALTER FUNCTION half STABLE", "function half(number integer)", "definition", "...IMMUTABLE", "...STABLE"),
        ("security", "ALTER FUNCTION half SECURITY DEFINER", "function half(number integer)", "definition", "...IMMUTABLE", "...SECURITY DEFINER"),
        ("settings", "ALTER FUNCTION half SET search_path TO pg_catalog", "function half(number integer)", "definition", "...IMMUTABLE", "...SET search_path TO"),
        ("returned type", "DROP FUNCTION half; CREATE FUNCTION half(number integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT number / 2'; COMMENT ON FUNCTION half(integer) IS 'Rounds down.'", "function half(number integer)", "definition", "...RETURNS integer", "...RETURNS bigint"),
        ("comment", "COMMENT ON FUNCTION half IS 'Halves'", "function half(number integer)", "comment", "Rounds down.", "Halves"),
        ("procedure", "CREATE OR REPLACE PROCEDURE forget_notes() LANGUAGE sql AS 'UPDATE members SET notes = $$$$'", "procedure forget_notes()", "definition", "...notes = NULL", "...notes = $$$$"),
    ),
    *_of(
        "view",
        ("missing", "DROP VIEW book_sales", "view book_sales", "existence", "...SELECT books.id AS book_id", None),
        ("extra", "CREATE VIEW cheap AS SELECT id FROM books WHERE price < 5", "view cheap", "existence", None, "...price < (5)::numeric"),
        ("definition", "CREATE OR REPLACE VIEW new_addresses AS SELECT email FROM new_members WHERE id > 5", "view new_addresses", "definition", "...FROM new_members", "...id > 5)"),
        ("definition under another view", "CREATE OR REPLACE VIEW new_members WITH (security_invoker = true) AS SELECT id, email, region FROM members WHERE level = 'new' WITH CASCADED CHECK OPTION", "view new_members", "definition", "...email", "...region"),
        ("security_invoker", "ALTER VIEW new_members RESET (security_invoker)", "view new_members", "options", "check_option=cascaded, security_invoker=true", "check_option=cascaded"),
        ("check option", "ALTER VIEW new_members SET (check_option = local)", "view new_members", "options", "...check_option=cascaded...", "...check_option=local..."),
        ("comment", "COMMENT ON VIEW new_members IS NULL", "view new_members", "comment", "Whoever is new.", None),
        ("materialized view missing", "DROP MATERIALIZED VIEW member_counts", "materialized view member_counts", "existence", "...GROUP BY", None),
        ("materialized view definition", "DROP MATERIALIZED VIEW member_counts; CREATE MATERIALIZED VIEW member_counts AS SELECT region, count(email) AS members FROM members GROUP BY region; CREATE UNIQUE INDEX ix_member_counts_region ON member_counts (region)", "materialized view member_counts", "definition", "...count(*)", "...email)"),
        ("materialized view not populated", "REFRESH MATERIALIZED VIEW member_counts WITH NO DATA", "materialized view member_counts", "populated", "yes", "no"),
        ("materialized view storage parameter", "ALTER MATERIALIZED VIEW member_counts SET (fillfactor = 50)", "materialized view member_counts", "storage parameters", None, "fillfactor=50"),
        ("rule missing", "DROP RULE keep_members ON members", "rule members.keep_members", "existence", "...ON DELETE TO members", None),
        ("rule definition", "CREATE OR REPLACE RULE keep_members AS ON DELETE TO members WHERE OLD.id = 2 DO INSTEAD NOTHING", "rule members.keep_members", "definition", "...old.id = 1", "...old.id = 2"),
        ("rule disabled", "ALTER TABLE members DISABLE RULE keep_members", "rule members.keep_members", "enabled", "yes", "no"),
    ),
    *_of(
        "type",
        ("enum missing", "DROP TYPE postal_address; ALTER TABLE members ALTER COLUMN level DROP DEFAULT; DROP VIEW new_addresses; DROP VIEW new_members; DROP STATISTICS members_region_level; ALTER TABLE members ALTER COLUMN level TYPE text; DROP TYPE member_level", "enum member_level", "existence", "'new', 'old'", None, {"others": (("", ""),)}),
        ("enum extra", "CREATE TYPE mood AS ENUM ('good', 'bad')", "enum mood", "existence", None, "'good', 'bad'"),
        ("enum label missing", "DROP TYPE IF EXISTS t; CREATE TYPE t AS ENUM ('hardcover', 'audio'); ALTER TABLE books ALTER COLUMN format TYPE t USING format::text::t; DROP TYPE book_format; ALTER TYPE t RENAME TO book_format", "enum book_format", "labels", "'hardcover', 'paperback', 'audio'", "'hardcover', 'audio'"),
        ("enum label extra", "ALTER TYPE book_format ADD VALUE 'ebook'", "enum book_format", "labels", "'hardcover', 'paperback', 'audio'", "'hardcover', 'paperback', 'audio', 'ebook'", {"fixes": False}),
        ("enum label order", "CREATE TYPE t AS ENUM ('audio', 'hardcover', 'paperback'); ALTER TABLE books ALTER COLUMN format TYPE t USING format::text::t; DROP TYPE book_format; ALTER TYPE t RENAME TO book_format", "enum book_format", "labels", "'hardcover', 'paperback', 'audio'", "'audio', 'hardcover', 'paperback'", {"fixes": False}),
        ("enum label renamed", "ALTER TYPE order_status RENAME VALUE 'paid' TO 'settled'", "enum order_status", "labels", "'placed', 'paid', 'shipped'", "'placed', 'settled', 'shipped'"),
        ("enum comment", "COMMENT ON TYPE order_status IS 'How far it is'", "enum order_status", "comment", None, "How far it is"),
        ("domain CHECK", "ALTER DOMAIN email_address DROP CONSTRAINT email_address_check; ALTER DOMAIN email_address ADD CONSTRAINT email_address_check CHECK (VALUE ~ '.@.')", "domain constraint email_address.email_address_check", "definition", "CHECK ((VALUE ~ '@'::text))", "CHECK ((VALUE ~ '.@.'::text))"),
        ("domain CHECK missing", "ALTER DOMAIN email_address DROP CONSTRAINT email_address_check", "domain constraint email_address.email_address_check", "existence", "CHECK ((VALUE ~ '@'::text))", None),
        ("domain CHECK not validated", "ALTER DOMAIN email_address DROP CONSTRAINT email_address_check; ALTER DOMAIN email_address ADD CONSTRAINT email_address_check CHECK (VALUE ~ '@') NOT VALID", "domain constraint email_address.email_address_check", "validity", "valid", "not valid"),
        ("domain default", "ALTER DOMAIN email_address SET DEFAULT 'nobody@example.com'", "domain email_address", "default", None, "'nobody@example.com'::text"),
        ("domain NOT NULL", "ALTER DOMAIN email_address SET NOT NULL", "domain email_address", "not null", "no", "yes"),
        ("composite attribute", "ALTER TYPE postal_address ADD ATTRIBUTE code text", "composite type postal_address", "attributes", "street text, town text", "street text, town text, code text"),
        ("extension missing", "DROP EXTENSION btree_gist", "extension btree_gist", "existence", "extension", None),
    ),
    *_of(
        "sequence",
        ("missing", "DROP SEQUENCE card_numbers", "sequence card_numbers", "existence", "integer", None),
        ("extra", "CREATE SEQUENCE tickets", "sequence tickets", "existence", None, "bigint"),
        ("start", "ALTER SEQUENCE invoice_numbers START WITH 1", "sequence invoice_numbers", "start", "1000", "1"),
        ("increment", "ALTER SEQUENCE invoice_numbers INCREMENT BY 2", "sequence invoice_numbers", "increment", "1", "2"),
        ("maximum", "ALTER SEQUENCE card_numbers NO MAXVALUE", "sequence card_numbers", "maximum", "9000", None),
        ("minimum", "ALTER SEQUENCE card_numbers MINVALUE 50", "sequence card_numbers", "minimum", None, "50"),
        ("cache", "ALTER SEQUENCE card_numbers CACHE 20", "sequence card_numbers", "cache", "1", "20"),
        ("cycle", "ALTER SEQUENCE card_numbers NO CYCLE", "sequence card_numbers", "cycle", "yes", "no"),
        ("type", "ALTER SEQUENCE card_numbers AS bigint", "sequence card_numbers", "type", "integer", "bigint"),
        ("unlogged", "ALTER SEQUENCE card_numbers SET UNLOGGED", "sequence card_numbers", "persistence", None, "unlogged"),
        ("owner column", "ALTER SEQUENCE invoice_numbers OWNED BY orders.number", "sequence invoice_numbers", "owned by", None, "orders.number"),
        ("owner column gone", "ALTER SEQUENCE members_id_seq OWNED BY NONE", "sequence members_id_seq", "owned by", "members.id", None),
        ("comment", "COMMENT ON SEQUENCE card_numbers IS 'On plastic'", "sequence card_numbers", "comment", None, "On plastic"),
    ),
    *_of(
        "policy",
        ("missing", "DROP POLICY members_own ON members", "policy members.members_own", "existence", "((region)::text = 'DE'::text)", None),
        ("USING", "ALTER POLICY members_own ON members USING (region = 'FR')", "policy members.members_own", "using", "((region)::text = 'DE'::text)", "((region)::text = 'FR'::text)"),
        ("command", "DROP POLICY members_own ON members; CREATE POLICY members_own ON members FOR DELETE USING (region = 'DE')", "policy members.members_own", "command", "SELECT", "DELETE"),
        ("WITH CHECK", "DROP POLICY members_own ON members; CREATE POLICY members_own ON members USING (region = 'DE') WITH CHECK (false)", "policy members.members_own", "with check", None, "false", {"others": (("policy members.members_own", "command"),)}),
        ("restrictive", "DROP POLICY members_own ON members; CREATE POLICY members_own ON members AS RESTRICTIVE FOR SELECT USING (region = 'DE')", "policy members.members_own", "permissive", "yes", "no"),
        ("roles", "ALTER POLICY members_own ON members TO pg_monitor", "policy members.members_own", "roles", "PUBLIC", "pg_monitor"),
        ("renamed", "ALTER POLICY members_own ON members RENAME TO own_members", "policy members.members_own", "name", "members_own", "own_members"),
    ),
    *_of(
        "statistics",
        ("missing", "DROP STATISTICS members_region_level", "statistics members.members_region_level", "existence", "(dependencies) ON region, level FROM members", None),
        ("kinds", "DROP STATISTICS members_region_level; CREATE STATISTICS members_region_level (mcv) ON region, level FROM members", "statistics members.members_region_level", "definition", "(dependencies) ON region, level FROM members", "(mcv) ON region, level FROM members"),
        ("target", "ALTER STATISTICS members_region_level SET STATISTICS 300", "statistics members.members_region_level", "target", None, "300"),
    ),
]  # fmt: skip
