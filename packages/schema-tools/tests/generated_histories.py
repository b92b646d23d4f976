"""Histories made at random: revisions as careful people write them, and the mapping that follows from them."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from scratch_project import ScratchProject

# The code of a type, and of defaults that it takes.
TYPES: Final = {
    "sa.Integer": ["0", "7"],
    "sa.BigInteger": ["0"],
    "sa.String(40)": ["draft", "it's"],
    "sa.Text": [""],
    "sa.Boolean": [],
    "sa.Numeric(12, 2)": ["0", "1.50"],
    "sa.Date": [],
    "sa.DateTime(timezone=True)": [],
    "sa.Uuid": [],
    "sa.JSON": [],
    "postgresql.JSONB": [],
    "postgresql.ARRAY(sa.Text)": [],
}
EXPRESSIONS: Final = {
    "sa.Boolean": ["false", "true"],
    "sa.Date": ["CURRENT_DATE"],
    "sa.DateTime(timezone=True)": ["now()", "CURRENT_TIMESTAMP"],
    "sa.Uuid": ["gen_random_uuid()"],
    "sa.JSON": ["'{}'"],
    "postgresql.JSONB": ["'{}'", "'[1, 2]'::jsonb"],
    "postgresql.ARRAY(sa.Text)": ["'{}'"],
    "sa.Integer": ["1 + 1"],
}
_REVISION: Final = """\
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = {name!r}
down_revision = {parent!r}


def upgrade():
    {up}


def downgrade():
    {down}
"""
_SAME: Final = {"sa.text('now()')", "sa.text('CURRENT_TIMESTAMP')"}
_NAMESPACE: Final[dict[str, Any]] = {"sa": sa, "postgresql": postgresql}


@dataclass
class Column:
    """A column: the code of its type and of its default."""

    name: str
    type: str
    nullable: bool
    default: str = ""
    comment: str = ""
    references: str = ""

    def code(self) -> str:
        """As it is written in a revision."""
        parts = [repr(self.name), self.type]
        if self.references:
            parts.append(f"sa.ForeignKey('{self.references}.id', ondelete='CASCADE')")
        parts.append(f"nullable={self.nullable}")
        if self.default:
            parts.append(f"server_default={self.default}")
        if self.comment:
            parts.append(f"comment={self.comment!r}")
        return f"sa.Column({', '.join(parts)})"


@dataclass
class Table:
    """A table with an identity for a key."""

    name: str
    columns: dict[str, Column] = field(default_factory=dict)
    indexes: dict[str, tuple[str, bool]] = field(default_factory=dict)
    checks: dict[str, str] = field(default_factory=dict)

    def code(self) -> str:
        """The arguments that make it, in a revision and in a mapping."""
        parts = ["sa.Column('id', sa.Integer, sa.Identity(), primary_key=True)"]
        parts += [column.code() for column in self.columns.values()]
        parts += [f"sa.CheckConstraint({text!r}, name={name!r})" for name, text in self.checks.items()]
        return ", ".join([repr(self.name), *parts])


@dataclass
class Step:
    """What a revision does, and what takes it back."""

    up: list[str]
    down: list[str]
    what: str
    about: str


class History:
    """A history of so many revisions; the same for the same seed."""

    def __init__(self, seed: int, revisions: int = 4) -> None:
        self.chance = random.Random(seed)  # noqa: S311 -- nothing is secret here
        self.tables: dict[str, Table] = {}
        self._names = 0
        self.steps = [self._create_table()]
        while len(self.steps) < revisions:
            self.steps.append(self._step())

    def written(self, directory: Path, server: RunningPostgres) -> SchemaProject:
        """The history as a project in `directory`."""
        ScratchProject.made(directory, server)
        for number, step in enumerate(self.steps):
            content = _REVISION.format(
                name=f"r{number:02}",
                parent=f"r{number - 1:02}" if number else None,
                up="\n    ".join(step.up),
                down="\n    ".join(step.down),
            )
            (directory / "alembic" / "versions" / f"r{number:02}.py").write_text(content)
        return SchemaProject(metadata=self.mapping(), alembic_ini=directory / "alembic.ini")

    def mapping(self) -> sa.MetaData:
        """The tables as the last revision leaves them."""
        metadata = sa.MetaData()
        for table in self.tables.values():
            name, *parts = eval(f"[{table.code()}]", _NAMESPACE)  # noqa: S307 -- the code that revisions have
            made = sa.Table(name, metadata, *parts)
            for index, (column, unique) in table.indexes.items():
                sa.Index(index, made.c[column], unique=unique)
        return metadata

    def _step(self) -> Step:
        makers: list[Callable[[], Step | None]] = [
            self._create_table,
            self._add_column,
            self._add_column,
            self._add_reference,
            self._create_index,
            self._create_index,
            self._drop_index,
            self._drop_column,
            self._rename_column,
            self._change_default,
            self._allow_null,
            self._add_check,
            self._comment,
            self._drop_table,
            self._rename_table,
        ]
        while True:
            made = self.chance.choice(makers)()
            if made is not None:
                return made

    def _name(self, prefix: str) -> str:
        self._names += 1
        return f"{prefix}{self._names}"

    def _column(self, *, filled: bool = False) -> Column:
        kind = self.chance.choice(list(TYPES))
        texts = [repr(one) for one in TYPES[kind]]
        expressions = [f"sa.text({one!r})" for one in EXPRESSIONS.get(kind, ())]
        default = self.chance.choice([*texts, *expressions, *([] if filled else ["", ""])])
        return Column(self._name("c"), kind, nullable=not default or self.chance.random() < 0.5, default=default)

    def _some_table(self) -> Table:
        return self.chance.choice(list(self.tables.values()))

    def some_column(self, suits: Callable[[Column], bool] = lambda _: True) -> tuple[Table, Column] | None:
        """A column that suits, and its table; None where there is none."""
        found = [(table, one) for table in self.tables.values() for one in table.columns.values() if suits(one)]
        return self.chance.choice(found) if found else None

    def _is_used(self, table: Table, column: Column) -> bool:
        indexed = {one for one, _unique in table.indexes.values()}
        return column.name in indexed or any(column.name in text for text in table.checks.values())

    def _create_table(self) -> Step:
        table = Table(self._name("t"))
        for _ in range(self.chance.randint(1, 4)):
            column = self._column()
            table.columns[column.name] = column
        self.tables[table.name] = table
        return Step([f"op.create_table({table.code()})"], [f"op.drop_table({table.name!r})"], "table", table.name)

    def _add_column(self) -> Step:
        table, column = self._some_table(), self._column()
        table.columns[column.name] = column
        return self._added(table, column)

    def _added(self, table: Table, column: Column) -> Step:
        up = [f"op.add_column({table.name!r}, {column.code()})"]
        return Step(up, [f"op.drop_column({table.name!r}, {column.name!r})"], "column", f"{table.name}.{column.name}")

    def _add_reference(self) -> Step:
        table, other = self._some_table(), self._some_table()
        column = Column(self._name("c"), "sa.Integer", nullable=True, references=other.name)
        table.columns[column.name] = column
        return self._added(table, column)

    def _create_index(self) -> Step | None:
        found = self.some_column(lambda one: one.type != "sa.JSON")
        if found is None:
            return None
        table, column = found
        name = self._name("ix")
        table.indexes[name] = (column.name, False)
        up = [f"op.create_index({name!r}, {table.name!r}, [{column.name!r}])"]
        return Step(up, [f"op.drop_index({name!r}, {table.name!r})"], "index", name)

    def _drop_index(self) -> Step | None:
        found = [(table, name) for table in self.tables.values() for name in table.indexes]
        if not found:
            return None
        table, name = self.chance.choice(found)
        column, _unique = table.indexes.pop(name)
        down = [f"op.create_index({name!r}, {table.name!r}, [{column!r}])"]
        return Step([f"op.drop_index({name!r}, {table.name!r})"], down, "dropped index", name)

    def _drop_column(self) -> Step | None:
        found = self.some_column()
        if found is None or self._is_used(*found):
            return None
        table, column = found
        del table.columns[column.name]
        down = ["raise NotImplementedError('its values are gone')"]
        return Step([f"op.drop_column({table.name!r}, {column.name!r})"], down, "dropped column", table.name)

    def _rename_column(self) -> Step | None:
        found = self.some_column(lambda one: not one.references)
        if found is None or self._is_used(*found):
            return None
        table, column = found
        old, column.name = column.name, self._name("c")
        table.columns = {one.name: one for one in table.columns.values()}
        up = [f"op.alter_column({table.name!r}, {old!r}, new_column_name={column.name!r})"]
        down = [f"op.alter_column({table.name!r}, {column.name!r}, new_column_name={old!r})"]
        return Step(up, down, "renamed column", f"{table.name}.{column.name}")

    def _change_default(self) -> Step | None:
        found = self.some_column(lambda one: not one.references)
        if found is None:
            return None
        table, column = found
        texts = [repr(one) for one in TYPES[column.type]]
        others = {*texts, *(f"sa.text({one!r})" for one in EXPRESSIONS.get(column.type, ()))} - {column.default}
        if column.default in _SAME:
            others -= _SAME  # A downgrade that does nothing would be right.
        if not others:
            return None
        old, column.default = column.default, self.chance.choice(sorted(others))
        where = f"op.alter_column({table.name!r}, {column.name!r}, server_default="
        return Step([f"{where}{column.default})"], [f"{where}{old or None})"], "default", f"{table.name}.{column.name}")

    def _allow_null(self) -> Step | None:
        found = self.some_column(lambda one: not one.nullable and bool(one.default))
        if found is None:
            return None
        table, column = found
        column.nullable = True
        fill = f"UPDATE {table.name} SET {column.name} = DEFAULT WHERE {column.name} IS NULL"  # noqa: S608 -- in a test
        where = f"op.alter_column({table.name!r}, {column.name!r}, nullable="
        return Step(
            [f"{where}True)"], [f"op.execute({fill!r})", f"{where}False)"], "null", f"{table.name}.{column.name}"
        )

    def _add_check(self) -> Step | None:
        found = self.some_column(lambda one: one.type in {"sa.Text", "sa.String(40)"})
        if found is None:
            return None
        table, column = found
        name, text = self._name("ck"), f"length({column.name}) >= 0"
        table.checks[name] = text
        up = [f"op.create_check_constraint({name!r}, {table.name!r}, {text!r})"]
        return Step(up, [f"op.drop_constraint({name!r}, {table.name!r}, type_='check')"], "check", name)

    def _comment(self) -> Step | None:
        found = self.some_column()
        if found is None:
            return None
        table, column = found
        old, column.comment = column.comment, f"What {self._name('c')} says: 100 %, it's :so"
        where = f"op.alter_column({table.name!r}, {column.name!r}, comment="
        down = [f"{where}{old or None!r}, existing_comment={column.comment!r})"]
        return Step([f"{where}{column.comment!r})"], down, "comment", f"{table.name}.{column.name}")

    def _drop_table(self) -> Step | None:
        referred = {one.references for table in self.tables.values() for one in table.columns.values()}
        free = [one for one in self.tables if one not in referred]
        if len(self.tables) < 2 or not free:
            return None
        name = self.chance.choice(free)
        del self.tables[name]
        down = ["raise NotImplementedError('its rows are gone')"]
        return Step([f"op.drop_table({name!r})"], down, "dropped table", name)

    def _rename_table(self) -> Step | None:
        referred = {one.references for table in self.tables.values() for one in table.columns.values()}
        free = [one for one in self.tables.values() if one.name not in referred and _plain(one)]
        if not free:
            return None
        table = self.chance.choice(free)
        old = table.name
        table.name = self._name("t")
        self.tables = {one.name: one for one in self.tables.values()}
        names = [
            (f"{old}_pkey", f"{table.name}_pkey", "CONSTRAINT"),
            *((f"{old}_{one.name}_fkey", f"{table.name}_{one.name}_fkey", "CONSTRAINT") for one in _references(table)),
        ]
        up = [f"op.rename_table({old!r}, {table.name!r})", *_renamed(table.name, names)]
        down = [f"op.rename_table({table.name!r}, {old!r})", *_renamed(old, [(b, a, kind) for a, b, kind in names])]
        return Step(up, down, "renamed table", table.name)


def _plain(table: Table) -> bool:
    return not any(one.references for one in table.columns.values())


def _references(table: Table) -> Iterator[Column]:
    return (one for one in table.columns.values() if one.references)


def _renamed(table: str, names: list[tuple[str, str, str]]) -> list[str]:
    return [f"op.execute('ALTER TABLE {table} RENAME {kind} {old} TO {new}')" for old, new, kind in names]


# What is wrong in a history, and what has to be found.


@dataclass(frozen=True)
class Break:
    """A mistake that was made in a history: the rules of which one has to find it, and what the finding names."""

    what: str
    rules: frozenset[str]
    named: str


Planted = tuple[Break, sa.MetaData]


def plant(history: History, directory: Path) -> Planted:
    """Make one mistake, of a kind that the seed chooses, in the files or in the mapping, which is given."""
    kinds: list[Callable[[History, Path], Planted | None]] = [
        _forgotten_downgrade,
        _failing_upgrade,
        _column_without_migration,
        _index_without_migration,
        _other_nullability,
        _default_forgotten,
    ]
    history.chance.shuffle(kinds)
    return next(made for kind in kinds if (made := kind(history, directory)) is not None)


def _forgotten_downgrade(history: History, directory: Path) -> Planted:
    reversible = [at for at, step in enumerate(history.steps) if "NotImplementedError" not in step.down[0]]
    file = directory / "alembic" / "versions" / f"r{history.chance.choice(reversible):02}.py"
    head, _, _down = file.read_text().partition("def downgrade():")
    file.write_text(f"{head}def downgrade():\n    pass\n")
    rules = {"no-op-downgrade", "left-behind", "not-restored", "restored-differently"}
    return Break("a downgrade that does nothing", frozenset(rules), file.name), history.mapping()


def _failing_upgrade(history: History, directory: Path) -> Planted:
    file = directory / "alembic" / "versions" / f"r{history.chance.randrange(len(history.steps)):02}.py"
    failing = "def upgrade():\n    op.execute('SELECT 1 / 0')\n"
    file.write_text(file.read_text().replace("def upgrade():\n", failing))
    return Break("an upgrade that fails", frozenset({"upgrade-fails"}), file.name), history.mapping()


_HEAD: Final = frozenset({"head-differs"})


def _column_without_migration(history: History, _directory: Path) -> Planted:
    mapping, table = history.mapping(), history.chance.choice(sorted(history.tables))
    mapping.tables[table].append_column(sa.Column("planted", sa.Text))
    return Break("a column without a migration", _HEAD, f"column {table}.planted"), mapping


def _index_without_migration(history: History, _directory: Path) -> Planted:
    mapping, table = history.mapping(), history.chance.choice(sorted(history.tables))
    sa.Index("planted", mapping.tables[table].c.id)
    return Break("an index without a migration", _HEAD, f"index {table}.planted"), mapping


def _other_nullability(history: History, _directory: Path) -> Planted | None:
    found = history.some_column()
    if found is None:
        return None
    mapping, (table, column) = history.mapping(), found
    mapping.tables[table.name].c[column.name].nullable = not column.nullable
    return Break("another nullability", _HEAD, f"column {table.name}.{column.name}"), mapping


def _default_forgotten(history: History, _directory: Path) -> Planted | None:
    found = history.some_column(lambda one: bool(one.default))
    if found is None:
        return None
    mapping, (table, column) = history.mapping(), found
    mapping.tables[table.name].c[column.name].server_default = None
    return Break("a default without a mapping", _HEAD, f"column {table.name}.{column.name}"), mapping
