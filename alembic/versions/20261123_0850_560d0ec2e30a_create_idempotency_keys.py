"""create idempotency keys.

Revision ID: 560d0ec2e30a
Revises: d41e9f3a26b7
Create Date: 2026-11-23 08:50:26+00:00
"""

import sqlalchemy as sa
from alembic import op

revision: str = "560d0ec2e30a"
down_revision: str | tuple[str, ...] | None = "d41e9f3a26b7"


def per_dialect(**sql: str) -> sa.TextClause:
    """The SQL for the database that the migration runs on."""
    return sa.text(sql[op.get_context().dialect.name])


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "idempotency_keys",
        sa.Column("principal", sa.String(length=255), nullable=False, comment="Who sent the request"),
        sa.Column("operation", sa.String(length=255), nullable=False, comment="Method and route of the request"),
        sa.Column("key", sa.String(length=255), nullable=False, comment="Idempotency key, as the client chose it"),
        sa.Column(
            "fingerprint", sa.String(length=64), nullable=False, comment="SHA-256 of what was asked for, in hexadecimal"
        ),
        sa.Column("answer", sa.Text(), nullable=False, comment="The first answer, as JSON"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=per_dialect(postgresql="now()", sqlite="(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"),
            nullable=False,
            comment="Creation timestamp",
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False, comment="When the answer may be forgotten"),
        sa.PrimaryKeyConstraint("principal", "operation", "key", name=op.f("pk_idempotency_keys")),
        comment="Stores the answers to requests that carried an idempotency key, for 24 hours.",
        info={"append_only": "An answer is written once, and replaced or removed when it has expired."},
    )
    op.create_index(op.f("ix_idempotency_keys_expires_at"), "idempotency_keys", ["expires_at"], unique=False)


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_index(op.f("ix_idempotency_keys_expires_at"), table_name="idempotency_keys")
    op.drop_table("idempotency_keys")
