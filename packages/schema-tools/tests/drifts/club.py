"""The bookshop's club: tables beside the bookshop's, with every kind of object that the bookshop has none of."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import DOMAIN, ENUM
from sqlalchemy.schema import DDL

from bookshop.tables import metadata as shop

club = MetaData(naming_convention=shop.naming_convention)

Table(
    "members",
    club,
    Column("id", Integer, primary_key=True, comment="Number"),
    Column("email", DOMAIN("email_address", Text, check=text("VALUE ~ '@'")), nullable=False),
    Column("Full Name", Text, nullable=False, server_default="nobody"),
    Column("region", String(2, collation="C")),
    Column("notes", Text),
    Column("points", Integer, Identity(always=True, start=10, increment=5)),
    Column("level", ENUM("new", "old", name="member_level", create_type=False), nullable=False, server_default="new"),
    Column(
        "referrer_id",
        ForeignKey("members.id", name="fk_members_referrer", deferrable=True, initially="DEFERRED"),
        index=True,
    ),
    CheckConstraint("region = upper(region)", name="region_form"),
    UniqueConstraint("email"),
    Index("ix_members_region", "region", postgresql_include=["email"]),
    Index("ix_members_lower_email", text("lower(email)"), unique=True),
    Index(
        "ix_members_notes", "notes", postgresql_ops={"notes": "text_pattern_ops"}, postgresql_with={"fillfactor": 80}
    ),
    comment="Stores who is in the club.",
)

Table(
    "baskets",
    club,
    Column("id", Integer, primary_key=True),
    Column("content", Text),
    prefixes=["UNLOGGED"],
    postgresql_with={"fillfactor": 70},
)

Table(
    "visits",
    club,
    Column("member_id", Integer, nullable=False),
    Column("day", Date, nullable=False),
    Column("entered_at", DateTime(timezone=True), server_default=func.now()),
    Index("ix_visits_member_id", "member_id"),
    postgresql_partition_by="RANGE (day)",
)

# What SQLAlchemy has no constructs for.
OBJECTS = """
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE TABLE visits_2025 PARTITION OF visits FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE visits_2026 PARTITION OF visits FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');

CREATE TYPE postal_address AS (street text, town text);
CREATE SEQUENCE card_numbers AS integer START WITH 100 INCREMENT BY 10 MAXVALUE 9000 CYCLE;

CREATE FUNCTION half(number integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT number / 2';
COMMENT ON FUNCTION half(integer) IS 'Rounds down.';
CREATE PROCEDURE forget_notes() LANGUAGE sql AS 'UPDATE members SET notes = NULL';
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';

CREATE TRIGGER members_stamp BEFORE UPDATE OF notes ON members FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE RULE keep_members AS ON DELETE TO members WHERE OLD.id = 1 DO INSTEAD NOTHING;

ALTER TABLE members ENABLE ROW LEVEL SECURITY;
CREATE POLICY members_own ON members FOR SELECT USING (region = 'DE');
CREATE STATISTICS members_region_level (dependencies) ON region, level FROM members;

CREATE VIEW new_members WITH (security_invoker = true) AS
SELECT id, email FROM members WHERE level = 'new' WITH CASCADED CHECK OPTION;
COMMENT ON VIEW new_members IS 'Whoever is new.';
CREATE VIEW new_addresses AS SELECT email FROM new_members;
CREATE MATERIALIZED VIEW member_counts AS SELECT region, count(*) AS members FROM members GROUP BY region;
CREATE UNIQUE INDEX ix_member_counts_region ON member_counts (region);
"""
event.listen(club, "after_create", DDL(OBJECTS.replace("%", "%%")))  # type: ignore[no-untyped-call]

EVERYTHING = (shop, club)
"""The metadata that make the database of the tests, in this order."""
