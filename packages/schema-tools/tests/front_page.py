"""The project that the README shows: it has never heard of these tools, and its last revision is not right."""

import shutil
from pathlib import Path
from typing import Final

_WITHOUT_FAULTS: Final = Path(__file__).parent / "foreign" / "asynchronous"

# Its downgrade fails over rows, and an index of the mapping is in no revision.
REVISION: Final = '''\
"""who works on a ticket, and until when

Revision ID: 1a02
Revises: 1a01
Create Date: 2026-02-15 09:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "1a02"
down_revision = "1a01"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tickets", sa.Column("due_at", sa.DateTime(timezone=True)))
    op.add_column("tickets", sa.Column("assignee", sa.Text))
    op.create_index("ix_tickets_due_at", "tickets", ["due_at"])
    op.alter_column("tickets", "subject", nullable=True)


def downgrade() -> None:
    op.alter_column("tickets", "subject", nullable=False)
    op.drop_column("tickets", "assignee")
    op.drop_index("ix_tickets_due_at")
    op.drop_column("tickets", "due_at")
'''

_MODELS: Final = {
    "subject: Mapped[str]": "subject: Mapped[str | None]",
    "server_default=func.now())\n": """server_default=func.now())
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), index=True)
    assignee: Mapped[str | None] = mapped_column(Text, index=True)
""",
}


def write_front_page_project(directory: Path) -> None:
    """Write the project into a directory that is not there yet."""
    shutil.copytree(_WITHOUT_FAULTS, directory, ignore=shutil.ignore_patterns("__pycache__"))
    (directory / "migrations" / "versions" / "1a02_assignee.py").write_text(REVISION, encoding="utf-8")
    models = directory / "tickets" / "models.py"
    text = models.read_text(encoding="utf-8")
    for old, new in _MODELS.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    models.write_text(text, encoding="utf-8")
