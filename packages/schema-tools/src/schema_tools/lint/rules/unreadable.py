"""What cannot be judged, or undoes what the runner takes care of."""

from collections.abc import Iterator

from schema_tools.lint.actions import AskDatabase, CannotParse, ControlTransaction, ExecuteText
from schema_tools.lint.rule import Hit, Waived, revision_rule
from schema_tools.lint.safe_forms import execute, revisions
from schema_tools.lint.step import At, Step


@revision_rule(
    "dynamic-sql",
    *(AskDatabase, ExecuteText),
    fires="SQL that depends on what the database answers: op.get_bind() and a result, EXECUTE in PL/pgSQL",
    why=(
        "What is executed depends on the database it meets: it can be judged neither here nor by `alembic --sql`, and "
        "is another thing in production than in the rehearsal. What follows it in the revision is not judged either."
    ),
    source="https://alembic.sqlalchemy.org/en/latest/offline.html",
    example="""
if op.get_bind().execute(sa.text("SELECT count(*) FROM users")).scalar_one() > 1000000:
    raise NotImplementedError("too many users")
""",
)
def dynamic_sql(action: AskDatabase | ExecuteText, _at: At) -> Iterator[Hit]:
    """A statement that is not known before it runs."""
    what = "what this does" if isinstance(action, AskDatabase) else f"what EXECUTE {action.text} does"
    waived = Waived(reason="it was run on a copy of production, and read")
    yield Hit(f"{what} depends on the database; write the statements out, with op.execute", waived)


@revision_rule(
    "unparsable-sql",
    CannotParse,
    fires="text that PostgreSQL's parser refuses",
    why="It fails when it runs, on every release up to 18, so it cannot be judged.",
    source="https://www.postgresql.org/docs/current/sql-syntax.html",
    example='op.execute("ALTER TABLE users ADD COLUMN phone text,")',
)
def unparsable_sql(action: CannotParse, _at: At) -> Iterator[Hit]:
    """No SQL."""
    yield Hit(f"PostgreSQL's parser says: {action.problem}")


@revision_rule(
    "transaction-control",
    ControlTransaction,
    fires="BEGIN, COMMIT, ROLLBACK, SAVEPOINT in a revision",
    why=(
        "Alembic has its own transaction around the revision. One that is ended behind its back leaves half of the "
        "revision done when the rest fails, and the timeouts and the recorded version in doubt."
    ),
    source="https://alembic.sqlalchemy.org/en/latest/api/runtime.html#alembic.runtime.environment.EnvironmentContext.begin_transaction",
    example="""
op.execute("ALTER TABLE users ADD COLUMN phone text")
op.execute("COMMIT")
op.execute("ALTER TABLE orders ADD COLUMN note text")
""",
)
def transaction_control(action: ControlTransaction, at: At) -> Iterator[Hit]:
    """A transaction that is begun or ended by hand."""
    before = _statements(one for one in at.steps if one.number < at.step.number)
    after = _statements(one for one in at.steps if one.number > at.step.number)
    ends = action.words.startswith(("COMMIT", "END"))
    mend = revisions(*([execute(*before), execute(*after)] if ends else [execute(*before, *after)]))
    yield Hit(f"{action.words} meddles with the transaction of the revision", mend or "pass")


def _statements(steps: Iterator[Step]) -> list[str]:
    return [one.sql for one in steps if not any(isinstance(part, ControlTransaction) for part in one.actions)]
