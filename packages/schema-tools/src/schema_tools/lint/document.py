"""The document of all rules: what each fires on, why, its safe form, and how to waive it."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import MetaData

from schema_tools.findings import Finding
from schema_tools.lint.capture import compile_function
from schema_tools.lint.model import Schema
from schema_tools.lint.revisions import JudgedRevision
from schema_tools.lint.rule import REVISION_RULES, TABLE_RULES, RevisionRule, Rule, TableRule
from schema_tools.lint.rules import OTHER_RULES
from schema_tools.lint.waivers import Source, waived_by

_INTRODUCTION: Final = """\
# Migration Rules

Generated from the rules by the command `lint --write-rules`: change those, not this.

`lint` reads what each revision's `upgrade()` does on PostgreSQL, from the SQL that Alembic compiles without a database,
be it of `op.*` calls or of SQL in `op.execute`, and it reads the tables of the mapping. Its findings name the rule, the
place, why, and the safe form to paste.

- A table that a revision makes itself is exempt from the rules about locks and loss: it is not in use yet.
- `downgrade()` is not judged: taking things away is its purpose, and it runs in an emergency, when what it undoes has
  already hurt. `verify` runs each one over rows.
- The bodies of functions are not read; those of DO blocks are. What a revision asks of the database is a finding.
- Safe forms are for PostgreSQL. Where the migrations serve SQLite as well, they belong under
  `if op.get_context().dialect.name == "postgresql":`, with the plain operation in its `else`.
- `# next revision` in a safe form is where one revision ends and the next begins, because a transaction must.
- A rule is of the group `safety`, about what fails, blocks or is lost, or of the group `opinion`, about taste.
- A rule is waived at the statement, with a comment on the lines above it or at its end:

      # lint: allow drop-column because no release that still runs uses it

- A rule for tables is waived in the `info` of the table, column or index:

      Column("details", JSON, info={"lint": {"json-type": "The order of the keys is part of a signature."}})

- A waiver without a reason, for an unknown rule, or where the rule does not fire is a finding, too.
"""


# The `upgrade()` that makes the schema of the rules' examples.
BASE: Final = '''\
op.execute("CREATE TYPE mood AS ENUM ('happy', 'sad')")
op.execute("CREATE TYPE color AS ENUM ('red', 'green')")
op.execute("CREATE SCHEMA archive")
op.execute("CREATE TABLE teams (id integer PRIMARY KEY, name text NOT NULL)")
op.execute(
    """
    CREATE TABLE members (
        id integer PRIMARY KEY,
        team_id integer,
        email varchar(100) NOT NULL,
        name varchar(200),
        age integer,
        balance numeric(8, 2) NOT NULL DEFAULT 0,
        mood mood NOT NULL DEFAULT 'happy',
        created_at timestamp(0) DEFAULT now(),
        CONSTRAINT uq_members_email UNIQUE (email),
        CONSTRAINT ck_members_age CHECK (age > 0)
    )
    """
)
op.execute("CREATE INDEX ix_members_name ON members (name)")
op.execute("CREATE TABLE orders (id bigint PRIMARY KEY, member_id integer, total numeric NOT NULL)")
op.execute("CREATE TABLE logs (number integer, message text)")
op.execute("CREATE TABLE bookings (during daterange NOT NULL)")
op.execute("CREATE TABLE events (id integer NOT NULL, day date NOT NULL) PARTITION BY RANGE (day)")
op.execute("CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')")
op.execute("CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')")
op.execute("CREATE VIEW team_names AS SELECT name FROM teams")
op.execute("CREATE MATERIALIZED VIEW team_sizes AS SELECT team_id, count(*) AS size FROM members GROUP BY team_id")
op.execute("CREATE UNIQUE INDEX ix_team_sizes_team_id ON team_sizes (team_id)")
op.execute("CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$")
'''


def rules_document() -> str:
    """The document, in Markdown."""
    parts = [
        _INTRODUCTION,
        "## Migrations",
        *(part for rule in REVISION_RULES for part in _rule(rule)),
        "## Tables",
        *(part for rule in TABLE_RULES for part in _rule(rule)),
        "## Waivers and env.py",
        *(part for other in OTHER_RULES for part in _rule(other)),
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def safe_form(rule: Rule) -> str:
    """What a table is without the fault, or what the finding in the example, upon the schema of the examples, says."""
    if isinstance(rule, TableRule):
        return rule.safe
    if not isinstance(rule, RevisionRule):
        return ""
    schema = Schema()
    _judged(BASE, "base.py", schema)
    return next((one.fix for one in _judged(rule.example, "example.py", schema) if one.rule == rule.name), "")


def _judged(body: str, file: str, schema: Schema) -> list[Finding]:
    """The findings in a revision whose `upgrade()` is `body`."""
    text = "import sqlalchemy as sa\nfrom alembic import op\n\n\ndef upgrade() -> None:\n"
    # A text over several lines may be indented further, which SQL does not mind.
    text += "".join(f"    {line}\n" if line else "\n" for line in body.splitlines())
    module: dict[str, Any] = {}
    exec(compile(text, file, "exec"), module)  # noqa: S102 -- the rules' own examples
    compilation = compile_function(module["upgrade"], file, MetaData())
    return JudgedRevision(file, file, Source(text), compilation, schema).findings()


def _rule(rule: Rule) -> Iterator[str]:
    yield f"### {rule.name}"
    yield f"Group: {rule.group}. Fires on {rule.fires}."
    yield f"{rule.why} [Source]({rule.source})" if rule.source else rule.why
    yield f"```python\n{rule.example}\n```"
    safe = safe_form(rule)
    if safe:
        yield f"Instead:\n\n```python\n{safe}\n```"
    yield waived_by(rule)
