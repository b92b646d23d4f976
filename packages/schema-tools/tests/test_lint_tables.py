"""Every rule for tables fires on what is weak and is quiet on the form without the fault."""

from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects import postgresql

from lint_project import rules_of
from schema_tools.findings import Finding, Group
from schema_tools.lint import lint_tables
from schema_tools.lint.rule import TABLE_RULES, TableRule

RULES = pytest.mark.parametrize("rule", TABLE_RULES, ids=lambda rule: rule.name)


def executed(code: str) -> MetaData:
    """The tables that `code` makes, with SQLAlchemy's names at hand."""
    metadata = MetaData()
    exec(code, {**vars(sqlalchemy), "postgresql": postgresql, "metadata": metadata})  # noqa: S102 -- the rules' own examples
    return metadata


def notes(*items: Any, **options: Any) -> Table:
    """A table without a fault, and `items` in it."""
    times = [
        Column(name, DateTime(timezone=True), server_default=func.now(), nullable=False, comment=name)
        for name in ("created_at", "updated_at")
    ]
    key = Column("id", Integer, Identity(), primary_key=True, comment="Number")
    options.setdefault("comment", "Stores notes.")
    return Table("notes", options.pop("metadata", MetaData()), key, *times, *items, **options)


def findings(table: Table) -> list[Finding]:
    return lint_tables(table.metadata)


@RULES
def test_a_rule_fires_on_its_example_and_is_quiet_on_the_safe_form(rule: TableRule) -> None:
    weak = [one for one in lint_tables(executed(rule.example)) if one.rule == rule.name]

    assert weak
    assert all(one.message and one.why and one.fix and "..." not in one.fix for one in weak)
    assert rule.name not in rules_of(lint_tables(executed(rule.safe)))


@RULES
def test_a_finding_says_whether_it_is_an_opinion(rule: TableRule) -> None:
    opinions = {
        "foreign-key-without-on-delete", "hash-index", "missing-comment", "missing-timestamps", "serial-type",
        "wide-index",
    }  # fmt: skip
    group = Group.OPINION if rule.name in opinions else Group.SAFETY
    weak = [one for one in lint_tables(executed(rule.example)) if one.rule == rule.name]

    assert {one.group for one in weak} == {group}
    assert {one.as_document()["group"] for one in weak} == {str(group)}


@RULES
def test_a_rule_is_waived_where_its_finding_is_with_a_reason(rule: TableRule) -> None:
    metadata = executed(rule.example)
    places: dict[str, dict[Any, Any]] = {}
    for table in metadata.tables.values():
        items: list[Any] = [table, *table.constraints, *table.indexes]
        places |= {str(item.name): item.info for item in items}
        places |= {f"{table.name}.{column.name}": column.info for column in table.columns}
    weak = [one for one in lint_tables(metadata) if one.rule == rule.name]

    for one in weak:
        places[one.place].setdefault("lint", {})[rule.name] = "a reason"

    assert not rules_of(lint_tables(metadata)) & {rule.name, "unused-waiver", "waiver-without-reason"}
    for one in weak:
        places[one.place]["lint"][rule.name] = " "
    assert "waiver-without-reason" in rules_of(lint_tables(metadata))


@pytest.mark.parametrize(
    ("column", "rules"),
    [
        (Column("a", postgresql.ARRAY(sqlalchemy.JSON), comment="A"), {"json-type"}),
        (Column("a", postgresql.TIMESTAMP(precision=3), comment="A"), {"timestamp-without-zone"}),
        (Column("a", sqlalchemy.CHAR, comment="A"), {"char-type"}),
        (Column("a", postgresql.JSONB, comment="A"), set()),
        (Column("a", String(3), comment=" "), {"missing-comment"}),
        (Column("paid", Integer, comment="Whether it is"), set()),
        (Column("other_id", Integer, comment="A"), {"reference-without-foreign-key"}),
        (Column("tax_id", Text, comment="A"), set()),
        (Column("device_id", sqlalchemy.Uuid, comment="A"), set()),
        (Column("note_id", Text, comment="A"), {"reference-without-foreign-key"}),
        (Column("a", Text, comment="A", info={"lint": {"json-type": "old"}}), {"unused-waiver"}),
        (Column("a", Text, comment="A", info={"lint": {"json": "old"}}), {"unknown-waiver"}),
    ],
)
def test_a_column_is_judged_by_the_type_that_postgresql_has_for_it(column: Column[Any], rules: set[str]) -> None:
    assert rules_of(findings(notes(column))) == rules


class Moment(TypeDecorator[Any]):
    impl = DateTime
    cache_ok = True


class ZonedMoment(TypeDecorator[Any]):
    impl = DateTime(timezone=True)
    cache_ok = True


def test_a_type_of_ones_own_is_judged_by_what_it_is_stored_as() -> None:
    plain, zoned = Column("read_at", Moment, comment="A"), Column("sent_at", ZonedMoment, comment="B")

    (found,) = findings(notes(plain, zoned))

    assert (found.rule, found.place) == ("timestamp-without-zone", "notes.read_at")


@pytest.mark.parametrize(
    ("updated", "faults"),
    [
        (Column("updated_at", DateTime(timezone=True), server_default=func.now(), nullable=False), ""),
        (Column("updated_at", DateTime(timezone=True), server_default=func.now()), "may be null"),
        (Column("updated_at", DateTime(timezone=True), nullable=False), "has no default in the database"),
        (Column("updated_at", sqlalchemy.Date, server_default=func.now(), nullable=False), "is date, not timestamp"),
    ],
)
def test_the_times_of_a_row_are_zoned_not_null_and_have_a_default(updated: Column[Any], faults: str) -> None:
    created = Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False)
    found = [one for one in findings(Table("a", MetaData(), created, updated)) if one.rule == "missing-timestamps"]

    assert [one.place for one in found] == (["a.updated_at"] if faults else [])
    assert all(faults in one.message for one in found)


def test_a_table_that_is_only_added_to_needs_no_times_when_it_says_why() -> None:
    column = Column("a", Text, comment="A")
    said = Table("a", MetaData(), column, comment="Stores a.", info={"append_only": "Rows are never changed."})

    assert findings(said) == []


def test_a_foreign_key_of_several_columns_is_served_by_an_index_that_begins_with_them_in_any_order() -> None:
    def orders(*indexed: str) -> Table:
        metadata = MetaData()
        notes(UniqueConstraint("id", "created_at"), metadata=metadata)
        return Table(
            "lines",
            metadata,
            Column("a", Integer, comment="A"),
            Column("b", DateTime(timezone=True), comment="B"),
            Column("c", Integer, comment="C"),
            ForeignKeyConstraint(["a", "b"], ["notes.id", "notes.created_at"], ondelete="CASCADE"),
            Index("ix_lines", *indexed),
            comment="Stores lines.",
            info={"append_only": "They are never changed."},
        )

    assert findings(orders("b", "a", "c")) == []
    for indexed in (("a",), ("a", "c", "b"), ("c", "a", "b")):
        assert rules_of(findings(orders(*indexed))) == {"foreign-key-without-index"}


def test_a_partial_index_serves_no_foreign_key_and_is_no_duplicate() -> None:
    teams = notes()
    where = sqlalchemy.text("team_id > 3")
    reference: Column[int] = Column("team_id", ForeignKey("notes.id", ondelete="CASCADE"), comment="Team")
    table = Table(
        "members",
        teams.metadata,
        reference,
        Index("ix_part", "team_id", postgresql_where=where),
        comment="Stores members.",
        info={"append_only": "They are never changed."},
    )

    assert rules_of(findings(table)) == {"foreign-key-without-index"}
    Index("ix_whole", reference)
    assert findings(table) == []


@pytest.mark.parametrize(
    ("indexes", "expected"),
    [
        ([Index("ix_key", "id")], {("duplicate-index", "ix_key")}),
        ([Index("ix_a", "a"), Index("ix_b", "a")], {("duplicate-index", "ix_b")}),
        ([Index("ix_a", "a"), Index("ix_b", "a", unique=True)], {("duplicate-index", "ix_a")}),
        ([Index("ix_a", "a"), Index("ix_b", "b", "a")], set()),
        ([UniqueConstraint("a", "b"), Index("ix_a", "a")], {("redundant-index", "ix_a")}),
        ([Index("ix_a", "a", unique=True), Index("ix_b", "a", "b")], set()),
        ([Index("ix_a", "a", postgresql_include=["b"]), Index("ix_b", "a", "id")], set()),
        ([Index("ix_a", func.lower("a")), Index("ix_b", "a")], set()),
        ([Index("ix_a", "a", postgresql_using="hash")], {("hash-index", "ix_a")}),
        ([Index("ix_wide", "a", "b", "id", "created_at", unique=True)], set()),
        ([CheckConstraint("a > b", name="é" * 32)], {("long-identifier", "é" * 32)}),
        ([Index("a" * 63, "a")], set()),
    ],
)
def test_an_index_that_another_one_stands_in_for_is_named(indexes: list[Any], expected: set[tuple[str, str]]) -> None:
    items = [Column("a", Text, comment="A"), Column("b", Text, comment="B"), *indexes]

    assert {(one.rule, one.place) for one in findings(notes(*items))} == expected


def test_findings_are_sorted_and_the_same_every_time() -> None:
    metadata = executed(
        "\n".join(
            rule.example.replace('"notes"', f'"t_{rule.name}"')
            .replace('"teams"', f'"x_{rule.name}"')
            .replace("teams.id", f"x_{rule.name}.id")
            for rule in TABLE_RULES
        )
    )
    found = lint_tables(metadata)

    assert found == lint_tables(metadata)
    assert {one.rule for one in found} >= {rule.name for rule in TABLE_RULES}


def test_a_foreign_key_to_a_larger_key_is_named_with_both_types() -> None:
    metadata = MetaData()
    Table("big", metadata, Column("id", BigInteger, Identity(), primary_key=True))
    table = notes(Column("big_id", Integer, ForeignKey("big.id", ondelete="CASCADE"), index=True), metadata=metadata)
    (found,) = [one for one in findings(table) if one.rule == "foreign-key-type"]

    assert found.message == "notes.big_id is integer, and big.id is bigint"
    assert found.fix == 'Column("big_id", BigInteger(), ForeignKey("big.id"))'
