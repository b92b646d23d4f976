"""A statement of a revision in its place: what came before it, what the schema was, and taking a revision apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from schema_tools.lint import actions
from schema_tools.lint.actions import Action
from schema_tools.lint.model import Schema
from schema_tools.lint.safe_forms import execute, outside_transaction, revisions


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A statement of a revision.

    Attributes:
        literals: The text constants in it.
        lines: The lines of the revision's file that led to it, the innermost first.
        transaction: The number of its transaction in the revision; None in an autocommit block.
        number: Its position in the revision.
    """

    sql: str
    actions: tuple[Action, ...]
    literals: frozenset[str]
    lines: tuple[int, ...]
    transaction: int | None
    number: int


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

    def is_first(self, action: Action) -> bool:
        """Whether this action is the first of its statement, so that a rule speaks once per statement."""
        return action is self.step.actions[0]

    def tables_of(self, action: Action) -> list[str]:
        """The tables that an action works on, where they are known."""
        match action:
            case actions.TableAction():
                return [action.table] if action.table else []
            case actions.DropIndex() | actions.RenameIndex():
                return [self.schema.indexes[action.name].table] if action.name in self.schema.indexes else []
            case actions.Cascade():
                return list(action.tables)
            case _:
                return []

    def is_on_new_tables(self, action: Action) -> bool:
        """Whether all that the action works on was made by this revision, so that it is not in use yet."""
        match action:
            case actions.AddEnumValue() | actions.RenameEnumValue() | actions.DropType():
                return self.schema.enums.get(action.type) == self.revision
            case _:
                tables = self.tables_of(action)
                return bool(tables) and all(self.schema.is_new(one, self.revision) for one in tables)

    def existing(self, step: Step) -> list[Action]:
        """What a step before this one does to tables that were there before the revision."""
        return [one for one in step.actions if isinstance(one, actions.TableAction) and id(one) not in self.exempt]


_LIGHT: Final = (
    *(actions.CreateFunction, actions.CreateView, actions.DropView, actions.SetVariable, actions.CreateEnum),
)


def is_light(step: Step) -> bool:
    """Whether a statement neither waits for a lock of a table nor works on rows."""
    return all(isinstance(one, _LIGHT) or (isinstance(one, actions.Other) and one.harmless) for one in step.actions)


def split(steps: Sequence[Step]) -> str:
    """One revision for each statement; the light ones stay with the next one."""
    bodies: list[list[Step]] = [[]]
    for step in steps:
        if any(isinstance(one, actions.ControlTransaction) for one in step.actions):
            continue
        bodies[-1].append(step)
        if not is_light(step):
            bodies.append([])
    if not bodies[-1]:
        bodies.pop()
    return revisions(*("\n".join(map(_code, body)) for body in bodies))


def _code(step: Step) -> str:
    code = execute(step.sql)
    return code if step.transaction is not None else outside_transaction(code)
