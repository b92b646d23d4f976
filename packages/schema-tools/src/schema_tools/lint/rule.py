"""What a rule is, for revisions and for tables, and the register of all of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import Table

from schema_tools.lint.actions import Action

if TYPE_CHECKING:
    from schema_tools.lint.step import At


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """The safe form that is the statement itself, with a waiver, once what the reason says is true.

    Attributes:
        reason: The reason to write in the waiver.
        sql: What to execute in place of the statement; the statement itself when empty.
    """

    reason: str
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that is broken: what is wrong, and the safe form."""

    message: str
    mend: str | Waived = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What every rule has.

    Attributes:
        name: Its identifier, which waivers and reports use, and which never changes.
        fires: What it fires on, in a few words.
        why: What that does to whoever uses the database.
        source: Where PostgreSQL's documentation, or who else knows, says so.
        example: Code that breaks it: the body of an `upgrade()`, or a table.
    """

    name: str
    fires: str
    why: str
    source: str
    example: str

    @property
    def explanation(self) -> str:
        """Why, and where that is said."""
        return f"{self.why} ({self.source})" if self.source else self.why


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionRule(Rule):
    """A rule for what a revision does.

    Attributes:
        on: The kinds of action that it looks at.
        check: Gives the hits at one of them.
        new_tables: Whether it holds for tables, too, that the revision itself has made.
    """

    on: tuple[type[Action], ...]
    check: "Callable[[Any, At], Iterator[Hit]]"
    new_tables: bool


@dataclass(frozen=True, slots=True)
class TableHit:
    """A rule that a table breaks.

    Attributes:
        place: The table, `table.column`, or the name of an index or constraint.
        message: What is wrong there.
        mend: The safe form.
        info: Where its waivers are: the `info` of the table, column or index.
    """

    place: str
    message: str
    mend: str
    info: dict[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRule(Rule):
    """A rule for tables of the mapping; `safe` is its example without the fault."""

    safe: str
    check: Callable[[Table], Iterator[TableHit]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRule(Rule):
    """A rule that neither an action nor a table breaks: one about waivers, or about `env.py`."""


REVISION_RULES: Final[list[RevisionRule]] = []
TABLE_RULES: Final[list[TableRule]] = []

_Revision = TypeVar("_Revision", bound="Callable[[Any, At], Iterator[Hit]]")
_Table = TypeVar("_Table", bound=Callable[[Table], Iterator[TableHit]])


def revision_rule(
    name: str,
    *on: type[Action],
    fires: str,
    why: str,
    example: str,
    source: str = "",
    new_tables: bool = False,
) -> Callable[[_Revision], _Revision]:
    """Register a function as a rule for the actions `on`; see `RevisionRule`."""

    def register(check: _Revision) -> _Revision:
        REVISION_RULES.append(
            RevisionRule(
                name=name,
                fires=fires,
                why=why,
                source=source,
                example=example.strip(),
                on=on,
                check=check,
                new_tables=new_tables,
            )
        )
        return check

    return register


def table_rule(
    name: str, *, fires: str, why: str, example: str, safe: str, source: str = ""
) -> Callable[[_Table], _Table]:
    """Register a function as a rule for tables; see `TableRule`."""

    def register(check: _Table) -> _Table:
        TABLE_RULES.append(
            TableRule(
                name=name,
                fires=fires,
                why=why,
                source=source,
                example=example.strip(),
                safe=safe.strip(),
                check=check,
            )
        )
        return check

    return register
