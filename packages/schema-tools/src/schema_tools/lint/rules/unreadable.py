"""What cannot be judged, or undoes what the runner takes care of."""

from collections.abc import Iterator

from schema_tools.lint.actions import AskDatabase, CannotParse, ControlTransaction, ExecuteText, Fail
from schema_tools.lint.rendering import execute, revisions
from schema_tools.lint.rule import At, Hit, Waived, revision_rule


@revision_rule(
    fires="SQL that depends on what the database answers: op.get_bind() and a result, EXECUTE in PL/pgSQL",
    source="https://alembic.sqlalchemy.org/en/latest/offline.html",
    example="""
if op.get_bind().execute(sa.text("SELECT count(*) FROM members")).scalar_one() > 1000000:
    raise NotImplementedError("too many members")
""",
)
def dynamic_sql(action: AskDatabase | ExecuteText, _at: At) -> Iterator[Hit]:
    """What is executed depends on the database: neither this lint nor `alembic --sql` can judge it.

    It may do something else in production than in the rehearsal. What follows it in the revision is not judged
    either.
    """
    what = "what this does" if isinstance(action, AskDatabase) else f"what EXECUTE {action.text} does"
    waived = Waived(reason="it was run on a copy of production, and read")
    yield Hit(f"{what} depends on the database; write the statements out, with op.execute", waived)


@revision_rule(
    fires="an `upgrade()` that raises an error where there is no database",
    source="https://alembic.sqlalchemy.org/en/latest/offline.html",
    example='raise NotImplementedError("new databases are made by create_all and stamped")',
)
def upgrade_raises(action: Fail, _at: At) -> Iterator[Hit]:
    """It stops there, at the latest on `alembic --sql`, so what follows in the revision is not judged.

    The other revisions are. They are judged as if this one had done what it did before the error.
    """
    yield Hit(f"this fails: {action.error}")


@revision_rule(
    fires="text that PostgreSQL's parser refuses",
    source="sql-syntax.html",
    example='op.execute("ALTER TABLE members ADD COLUMN phone text,")',
)
def unparsable_sql(action: CannotParse, _at: At) -> Iterator[Hit]:
    """It fails when it runs, on every release up to 18, so it cannot be judged."""
    yield Hit(f"PostgreSQL's parser says: {action.problem}")


@revision_rule(
    fires="BEGIN, COMMIT, ROLLBACK, SAVEPOINT in a revision",
    source="https://alembic.sqlalchemy.org/en/latest/api/runtime.html#alembic.runtime.environment.EnvironmentContext.begin_transaction",
    example=execute("ALTER TABLE members ADD COLUMN phone text", "COMMIT", "ALTER TABLE orders ADD COLUMN note text"),
)
def transaction_control(action: ControlTransaction, at: At) -> Iterator[Hit]:
    """Alembic runs the revision in its own transaction.

    If the revision ends it, a later failure leaves the revision half done, and the timeouts and the recorded
    version unreliable.
    """
    others = [one for one in at.steps if not any(isinstance(part, ControlTransaction) for part in one.actions)]
    before = [one.sql for one in others if one.number < at.step.number]
    after = [one.sql for one in others if one.number > at.step.number]
    ends = action.words.startswith(("COMMIT", "END"))
    fix = revisions(execute(*before), execute(*after)) if ends else execute(*before, *after)
    yield Hit(f"{action.words} meddles with the transaction of the revision", fix or "pass")
