"""What a rule is, for revisions and for tables, where it looks, and the register of all of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeVar, get_args, get_type_hints

from sqlalchemy import Column, Constraint, Index, Table

from schema_tools.catalog.naming import words_for
from schema_tools.document.table_facts import full_name
from schema_tools.findings import Finding, Group
from schema_tools.lint import actions, objects
from schema_tools.lint.actions import Action
from schema_tools.lint.model import Schema

_ActionT = TypeVar("_ActionT", bound=Action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A statement of a revision.

    Attributes:
        actions: What it does, in order.
        literals: The text constants in it.
        lines: The lines of the revision's file that led to it, the innermost first.
        transaction: The number of its transaction in the revision; None in an autocommit block.
        number: Its position in the revision.
    """

    sql: str
    actions: tuple[Action, ...]
    literals: frozenset[str] = frozenset()
    lines: tuple[int, ...] = ()
    transaction: int | None = None
    number: int = 0

    @property
    def is_light(self) -> bool:
        """Whether it neither waits for a lock of a table nor works on rows."""
        return all(isinstance(one, _LIGHT) or (isinstance(one, actions.Other) and one.harmless) for one in self.actions)


_LIGHT: Final = (objects.CreateFunction, objects.CreateView, objects.DropView, objects.SetVariable, objects.CreateEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """Where a rule looks: at a step of a revision, when the schema is what the steps before have made it.

    Attributes:
        schema: The schema before the action.
        exempt: The actions so far, by `id`, that were on what the revision itself had made.
    """

    step: Step
    steps: Sequence[Step]
    schema: Schema
    revision: str
    exempt: set[int]

    @property
    def before(self) -> list[Step]:
        """The statements before this one in its transaction."""
        return [one for one in self.together if one.number < self.step.number]

    @property
    def together(self) -> list[Step]:
        """Every statement of its transaction: itself alone, in an autocommit block."""
        if self.step.transaction is None:
            return [self.step]
        return [one for one in self.steps if one.transaction == self.step.transaction]

    def beside(self, kind: type[_ActionT]) -> list[_ActionT]:
        """Every action of a kind in its transaction."""
        return [one for step in self.together for one in step.actions if isinstance(one, kind)]

    def changed_before(self) -> list[actions.TableAction]:
        """What the statements before this one do to tables that were there before the revision."""
        before = (one for step in self.before for one in step.actions)
        return [one for one in before if isinstance(one, actions.TableAction) and id(one) not in self.exempt]

    def is_first(self, action: Action) -> bool:
        """Whether this action is the first of its statement, so that a rule speaks once per statement."""
        return action is self.step.actions[0]

    def is_new(self, table: str, part: str) -> bool:
        """Whether this revision added the column or constraint, of which no release that runs knows yet."""
        return self.schema.table(table).parts_made_in.get(part) == self.revision

    def is_on_new_tables(self, action: Action) -> bool:
        """Whether all that the action works on was made by this revision, so that it is not in use yet."""
        match action:
            case objects.AddEnumValue() | objects.RenameEnumValue() | objects.DropType():
                return self.schema.enums.get(action.name) == self.revision
            case objects.DropIndex() | objects.RenameIndex():
                tables = [one.table for name, one in self.schema.indexes.items() if name == action.name]
            case actions.Cascade():
                tables = list(action.tables)
            case actions.TableAction():
                tables = [action.table]
            case _:
                tables = []
        return bool(tables) and all(self.schema.table(one).made_in == self.revision for one in tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """The safe form that is the statement itself, with a waiver, once what the reason says is true.

    Attributes:
        reason: The reason to write in the waiver.
        sql: What to execute in place of the statement; the statement itself when empty.
    """

    reason: str
    sql: str = ""


SMALL: Final = Waived(reason="the table is small, so the lock is short")


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that is broken: what is wrong, and the safe form."""

    message: str
    fix: str | Waived = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What every rule has; neither an action nor a table breaks one that is nothing more.

    Attributes:
        fires: What it fires on, in a few words.
        example: Code that breaks it: the body of an `upgrade()`, or a table.
        group: Whether it is about safety, or an opinion.
    """

    name: str
    fires: str
    why: str
    source: str = ""
    example: str
    group: Group = Group.SAFETY

    def finding(self, place: str, message: str, fix: str = "") -> Finding:
        """The finding where it is broken: why it matters, and where that is said, come from the rule."""
        why = f"{self.why} ({self.source})" if self.source else self.why
        return Finding(rule=self.name, place=place, message=message, why=why, fix=fix, group=self.group)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionRule(Rule):
    """A rule for what a revision does.

    Attributes:
        on: The kinds of action that it looks at.
        check: Gives the hits at one of them.
        new_tables: Whether it holds for tables, too, that the revision itself has made.
    """

    on: tuple[type[Action], ...]
    check: Callable[[Any, At], Iterator[Hit]]
    new_tables: bool


TablePart: TypeAlias = Table | Column[Any] | Index | Constraint
"""What a rule for tables finds fault with; its waivers are in its `info`."""


def parts_of(table: Table) -> list[TablePart]:
    """The table itself, its columns, constraints and indexes."""
    return [table, *table.columns, *table.constraints, *table.indexes]


def place_of(part: TablePart) -> str:
    """What a finding names: the table, `table.column`, or the name of an index or constraint, or what it is on."""
    if isinstance(part, Column):
        return full_name(part)
    return part.fullname if isinstance(part, Table) else words_for(part)


@dataclass(frozen=True, slots=True)
class TableHit:
    """A rule that a table breaks, and in which part of it."""

    part: TablePart
    message: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRule(Rule):
    """A rule for tables of the mapping; `safe` is its example without the fault."""

    safe: str
    check: Callable[[Table], Iterator[TableHit]]


_MANUAL: Final = "https://www.postgresql.org/docs/current/"

REVISION_RULES: Final[list[RevisionRule]] = []
TABLE_RULES: Final[list[TableRule]] = []

_RevisionCheck: TypeAlias = Callable[[Any, At], Iterator[Hit]]
_TableCheck: TypeAlias = Callable[[Table], Iterator[TableHit]]


def revision_rule(
    *, fires: str, example: str, source: str = "", new_tables: bool = False
) -> Callable[[_RevisionCheck], _RevisionCheck]:
    """Register a function as a rule for the actions that it is annotated with; see `Rule` and `RevisionRule`."""

    def register(check: _RevisionCheck) -> _RevisionCheck:
        action = get_type_hints(check)["action"]
        on = get_args(action) or (action,)
        stated = _stated(check, fires, source, example)
        REVISION_RULES.append(RevisionRule(**stated, on=on, check=check, new_tables=new_tables))
        return check

    return register


def table_rule(
    *, fires: str, example: str, safe: str, source: str = "", group: Group = Group.SAFETY
) -> Callable[[_TableCheck], _TableCheck]:
    """Register a function as a rule for tables; see `Rule` and `TableRule`."""

    def register(check: _TableCheck) -> _TableCheck:
        stated = _stated(check, fires, source, example)
        TABLE_RULES.append(TableRule(**stated, group=group, safe=safe.strip(), check=check))
        return check

    return register


def _stated(check: Callable[..., object], fires: str, source: str, example: str) -> dict[str, Any]:
    """What every rule states: its name is the function's, and why it matters is the function's docstring."""
    return {
        "name": check.__name__.replace("_", "-"),
        "fires": fires,
        "why": " ".join((check.__doc__ or "").split()),
        "source": source if not source or source.startswith("https:") else _MANUAL + source,
        "example": example.strip(),
    }
