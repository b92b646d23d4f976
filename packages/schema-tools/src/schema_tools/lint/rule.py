"""What a rule is, for revisions and for tables, and the register of all of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_args, get_type_hints

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
    fix: str | Waived = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What every rule has.

    Attributes:
        fires: What it fires on, in a few words.
        example: Code that breaks it: the body of an `upgrade()`, or a table.
    """

    name: str
    fires: str
    why: str
    source: str = ""
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
        info: Where its waivers are: the `info` of the table, column or index.
    """

    place: str
    message: str
    fix: str
    info: dict[Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRule(Rule):
    """A rule for tables of the mapping; `safe` is its example without the fault."""

    safe: str
    check: Callable[[Table], Iterator[TableHit]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRule(Rule):
    """A rule that neither an action nor a table breaks: one about waivers, or about `env.py`."""


_MANUAL: Final = "https://www.postgresql.org/docs/current/"

REVISION_RULES: Final[list[RevisionRule]] = []
TABLE_RULES: Final[list[TableRule]] = []

_Revision = TypeVar("_Revision", bound="Callable[[Any, At], Iterator[Hit]]")
_Table = TypeVar("_Table", bound=Callable[[Table], Iterator[TableHit]])


def revision_rule(
    *, fires: str, example: str, source: str = "", new_tables: bool = False
) -> Callable[[_Revision], _Revision]:
    """Register a function as a rule for the actions that it is annotated with; see `Rule` and `RevisionRule`."""

    def register(check: _Revision) -> _Revision:
        action = get_type_hints(check)["action"]
        on = get_args(action) or (action,)
        REVISION_RULES.append(
            RevisionRule(**_stated(check, fires, source, example), on=on, check=check, new_tables=new_tables)
        )
        return check

    return register


def table_rule(*, fires: str, example: str, safe: str, source: str = "") -> Callable[[_Table], _Table]:
    """Register a function as a rule for tables; see `Rule` and `TableRule`."""

    def register(check: _Table) -> _Table:
        TABLE_RULES.append(TableRule(**_stated(check, fires, source, example), safe=safe.strip(), check=check))
        return check

    return register


def _stated(check: Callable[..., object], fires: str, source: str, example: str) -> dict[str, str]:
    """What every rule states: its name is the function's, and why it matters is the function's docstring."""
    return {
        "name": check.__name__.replace("_", "-"),
        "fires": fires,
        "why": " ".join((check.__doc__ or "").split()),
        "source": source if not source or source.startswith("https:") else _MANUAL + source,
        "example": example.strip(),
    }
