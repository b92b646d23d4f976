<%
    body = (upgrades or "") + (downgrades or "")
    choosing = "per_dialect(" in body
    # The line length that pyproject.toml gives ruff.
    wide = any(len(line) > 120 for text in (statements or {}).values() for line in text.splitlines())
%>"""${message}.

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date.replace(microsecond=0)}
"""
% if wide:
# ruff: noqa: E501 -- SQL is kept as it was written

% endif
% if "sa." in body or choosing:
import sqlalchemy as sa
% endif
from alembic import op
% if imports:
${imports}
% endif

revision: str = ${repr(up_revision)}
down_revision: str | tuple[str, ...] | None = ${repr(down_revision)}
% if branch_labels:
branch_labels: str | tuple[str, ...] | None = ${repr(branch_labels)}
% endif
% if depends_on:
depends_on: str | tuple[str, ...] | None = ${repr(depends_on)}
% endif
% for name, text in (statements or {}).items():

${name} = ${text}
% endfor


% if choosing:
def per_dialect(**sql: str) -> sa.TextClause:
    """The SQL for the database that the migration runs on."""
    return sa.text(sql[op.get_context().dialect.name])


% endif
def upgrade() -> None:
    """Bring the schema to this revision."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Take the schema back to the revision before."""
    ${downgrades if downgrades else "pass"}
