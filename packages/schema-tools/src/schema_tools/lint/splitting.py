"""Taking a revision apart: what may stay together, and each of the rest in a revision of its own."""

from collections.abc import Sequence
from typing import Final

from schema_tools.lint.actions import (
    ControlTransaction,
    CreateEnum,
    CreateFunction,
    CreateView,
    DropView,
    Other,
    SetVariable,
)
from schema_tools.lint.safe_forms import execute, outside_transaction, revisions
from schema_tools.lint.step import Step

_LIGHT: Final = (CreateFunction, CreateView, DropView, SetVariable, CreateEnum)


def is_light(step: Step) -> bool:
    """Whether a statement neither waits for a lock of a table nor works on rows."""
    return all(isinstance(one, _LIGHT) or (isinstance(one, Other) and one.harmless) for one in step.actions)


def split(steps: Sequence[Step]) -> str:
    """One revision for each statement; the light ones stay with the next one."""
    bodies: list[list[Step]] = [[]]
    for step in steps:
        if any(isinstance(one, ControlTransaction) for one in step.actions):
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
