"""create api keys and the audit trail.

Revision ID: 58725c70d58a
Revises: 139167750d2f
Create Date: 2026-11-30 05:19:39+00:00
"""

import sqlalchemy as sa
from alembic import op

revision: str = "58725c70d58a"
down_revision: str | tuple[str, ...] | None = "139167750d2f"

REFUSE_UPDATE_ON_POSTGRESQL = """\
CREATE OR REPLACE FUNCTION refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the rows of % are never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$"""

API_KEYS_TOUCH_UPDATED_AT_ON_POSTGRESQL = """\
CREATE TRIGGER api_keys_touch_updated_at BEFORE UPDATE ON api_keys FOR EACH ROW
WHEN (OLD.* IS DISTINCT FROM NEW.* AND OLD.updated_at IS NOT DISTINCT FROM NEW.updated_at)
EXECUTE FUNCTION touch_updated_at()"""

AUDIT_TRAIL_REFUSE_UPDATE_ON_POSTGRESQL = """\
CREATE TRIGGER audit_trail_refuse_update BEFORE UPDATE ON audit_trail FOR EACH ROW
EXECUTE FUNCTION refuse_update()"""

API_KEYS_CHECK_VALUES_ON_INSERT_ON_SQLITE = """\
CREATE TRIGGER api_keys_check_values_on_insert BEFORE INSERT ON api_keys FOR EACH ROW
WHEN typeof(NEW.id) = 'blob'
OR typeof(NEW.name) = 'blob'
OR typeof(NEW.scopes) = 'blob'
OR typeof(NEW.owner) = 'blob'
OR typeof(NEW.tenant) = 'blob'
OR typeof(NEW.secret_hash) = 'blob'
OR typeof(NEW.previous_secret_hash) = 'blob'
OR NEW.previous_expires_at IS NOT NULL AND (
  typeof(NEW.previous_expires_at) <> 'text' OR NEW.previous_expires_at < '0001'
  OR substr(NEW.previous_expires_at, 1, 19) IS NOT datetime(substr(NEW.previous_expires_at, 1, 19), '+0 days')
  OR substr(NEW.previous_expires_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
OR NEW.expires_at IS NOT NULL AND (
  typeof(NEW.expires_at) <> 'text' OR NEW.expires_at < '0001'
  OR substr(NEW.expires_at, 1, 19) IS NOT datetime(substr(NEW.expires_at, 1, 19), '+0 days')
  OR substr(NEW.expires_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
OR NEW.revoked_at IS NOT NULL AND (
  typeof(NEW.revoked_at) <> 'text' OR NEW.revoked_at < '0001'
  OR substr(NEW.revoked_at, 1, 19) IS NOT datetime(substr(NEW.revoked_at, 1, 19), '+0 days')
  OR substr(NEW.revoked_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
OR NEW.last_used_at IS NOT NULL AND (
  typeof(NEW.last_used_at) <> 'text' OR NEW.last_used_at < '0001'
  OR substr(NEW.last_used_at, 1, 19) IS NOT datetime(substr(NEW.last_used_at, 1, 19), '+0 days')
  OR substr(NEW.last_used_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
OR NEW.created_at IS NOT NULL AND (
  typeof(NEW.created_at) <> 'text' OR NEW.created_at < '0001'
  OR substr(NEW.created_at, 1, 19) IS NOT datetime(substr(NEW.created_at, 1, 19), '+0 days')
  OR substr(NEW.created_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
OR NEW.updated_at IS NOT NULL AND (
  typeof(NEW.updated_at) <> 'text' OR NEW.updated_at < '0001'
  OR substr(NEW.updated_at, 1, 19) IS NOT datetime(substr(NEW.updated_at, 1, 19), '+0 days')
  OR substr(NEW.updated_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
BEGIN
  SELECT RAISE(ABORT, 'api_keys has no BLOBs, and times in UTC such as 2025-12-16 10:00:00.000000');
END"""

API_KEYS_CHECK_VALUES_ON_UPDATE_ON_SQLITE = """\
CREATE TRIGGER api_keys_check_values_on_update BEFORE UPDATE ON api_keys FOR EACH ROW
WHEN typeof(NEW.id) = 'blob'
OR typeof(NEW.name) = 'blob'
OR typeof(NEW.scopes) = 'blob'
OR typeof(NEW.owner) = 'blob'
OR typeof(NEW.tenant) = 'blob'
OR typeof(NEW.secret_hash) = 'blob'
OR typeof(NEW.previous_secret_hash) = 'blob'
OR NEW.previous_expires_at IS NOT NULL AND (
  typeof(NEW.previous_expires_at) <> 'text' OR NEW.previous_expires_at < '0001'
  OR substr(NEW.previous_expires_at, 1, 19) IS NOT datetime(substr(NEW.previous_expires_at, 1, 19), '+0 days')
  OR substr(NEW.previous_expires_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
OR NEW.expires_at IS NOT NULL AND (
  typeof(NEW.expires_at) <> 'text' OR NEW.expires_at < '0001'
  OR substr(NEW.expires_at, 1, 19) IS NOT datetime(substr(NEW.expires_at, 1, 19), '+0 days')
  OR substr(NEW.expires_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
OR NEW.revoked_at IS NOT NULL AND (
  typeof(NEW.revoked_at) <> 'text' OR NEW.revoked_at < '0001'
  OR substr(NEW.revoked_at, 1, 19) IS NOT datetime(substr(NEW.revoked_at, 1, 19), '+0 days')
  OR substr(NEW.revoked_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
OR NEW.last_used_at IS NOT NULL AND (
  typeof(NEW.last_used_at) <> 'text' OR NEW.last_used_at < '0001'
  OR substr(NEW.last_used_at, 1, 19) IS NOT datetime(substr(NEW.last_used_at, 1, 19), '+0 days')
  OR substr(NEW.last_used_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
OR NEW.created_at IS NOT NULL AND (
  typeof(NEW.created_at) <> 'text' OR NEW.created_at < '0001'
  OR substr(NEW.created_at, 1, 19) IS NOT datetime(substr(NEW.created_at, 1, 19), '+0 days')
  OR substr(NEW.created_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
OR NEW.updated_at IS NOT NULL AND (
  typeof(NEW.updated_at) <> 'text' OR NEW.updated_at < '0001'
  OR substr(NEW.updated_at, 1, 19) IS NOT datetime(substr(NEW.updated_at, 1, 19), '+0 days')
  OR substr(NEW.updated_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
BEGIN
  SELECT RAISE(ABORT, 'api_keys has no BLOBs, and times in UTC such as 2025-12-16 10:00:00.000000');
END"""

API_KEYS_TOUCH_UPDATED_AT_ON_SQLITE = """\
CREATE TRIGGER api_keys_touch_updated_at AFTER UPDATE ON api_keys FOR EACH ROW
WHEN NEW.updated_at IS OLD.updated_at AND (
  NEW.id IS NOT OLD.id
  OR NEW.name IS NOT OLD.name
  OR NEW.scopes IS NOT OLD.scopes
  OR NEW.owner IS NOT OLD.owner
  OR NEW.tenant IS NOT OLD.tenant
  OR NEW.secret_hash IS NOT OLD.secret_hash
  OR NEW.previous_secret_hash IS NOT OLD.previous_secret_hash
  OR NEW.previous_expires_at IS NOT OLD.previous_expires_at
  OR NEW.expires_at IS NOT OLD.expires_at
  OR NEW.revoked_at IS NOT OLD.revoked_at
  OR NEW.last_used_at IS NOT OLD.last_used_at
  OR NEW.created_at IS NOT OLD.created_at
)
BEGIN
  UPDATE api_keys SET updated_at = max(
    strftime('%Y-%m-%d %H:%M:%f', 'now') || '000',
    CASE WHEN substr(OLD.updated_at, 21) = '999999'
      THEN strftime('%Y-%m-%d %H:%M:%S', substr(OLD.updated_at, 1, 19), '+1 second') || '.000000'
      ELSE substr(OLD.updated_at, 1, 20) || printf('%06d', substr(OLD.updated_at, 21) + 1)
    END
  ) WHERE rowid = NEW.rowid;
END"""

AUDIT_TRAIL_CHECK_VALUES_ON_INSERT_ON_SQLITE = """\
CREATE TRIGGER audit_trail_check_values_on_insert BEFORE INSERT ON audit_trail FOR EACH ROW
WHEN typeof(NEW.id) = 'blob'
OR typeof(NEW.principal) = 'blob'
OR typeof(NEW.request_id) = 'blob'
OR typeof(NEW.action) = 'blob'
OR typeof(NEW.entity) = 'blob'
OR typeof(NEW.entity_id) = 'blob'
OR typeof(NEW.entities) = 'blob'
OR NEW.created_at IS NOT NULL AND (
  typeof(NEW.created_at) <> 'text' OR NEW.created_at < '0001'
  OR substr(NEW.created_at, 1, 19) IS NOT datetime(substr(NEW.created_at, 1, 19), '+0 days')
  OR substr(NEW.created_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
BEGIN
  SELECT RAISE(ABORT, 'audit_trail has no BLOBs, and times in UTC such as 2025-12-16 10:00:00.000000');
END"""

AUDIT_TRAIL_CHECK_VALUES_ON_UPDATE_ON_SQLITE = """\
CREATE TRIGGER audit_trail_check_values_on_update BEFORE UPDATE ON audit_trail FOR EACH ROW
WHEN typeof(NEW.id) = 'blob'
OR typeof(NEW.principal) = 'blob'
OR typeof(NEW.request_id) = 'blob'
OR typeof(NEW.action) = 'blob'
OR typeof(NEW.entity) = 'blob'
OR typeof(NEW.entity_id) = 'blob'
OR typeof(NEW.entities) = 'blob'
OR NEW.created_at IS NOT NULL AND (
  typeof(NEW.created_at) <> 'text' OR NEW.created_at < '0001'
  OR substr(NEW.created_at, 1, 19) IS NOT datetime(substr(NEW.created_at, 1, 19), '+0 days')
  OR substr(NEW.created_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
BEGIN
  SELECT RAISE(ABORT, 'audit_trail has no BLOBs, and times in UTC such as 2025-12-16 10:00:00.000000');
END"""

AUDIT_TRAIL_REFUSE_UPDATE_ON_SQLITE = """\
CREATE TRIGGER audit_trail_refuse_update BEFORE UPDATE ON audit_trail FOR EACH ROW
BEGIN
  SELECT RAISE(ABORT, 'the rows of audit_trail are never changed');
END"""


def per_dialect(**sql: str) -> sa.TextClause:
    """The SQL for the database that the migration runs on."""
    return sa.text(sql[op.get_context().dialect.name])


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False, comment="API key ID (auto-increment)"),
        sa.Column("name", sa.String(length=100), nullable=False, comment="What people call the key"),
        sa.Column("scopes", sa.String(length=1000), nullable=False, comment="What the key may do"),
        sa.Column("owner", sa.String(length=255), nullable=True, comment="For whom it acts"),
        sa.Column("tenant", sa.String(length=100), nullable=True, comment="The tenant it works on"),
        sa.Column("secret_hash", sa.String(length=64), nullable=False, comment="SHA-256 of the secret, in hexadecimal"),
        sa.Column(
            "previous_secret_hash",
            sa.String(length=64),
            nullable=True,
            comment="SHA-256 of the secret before the last rotation",
        ),
        sa.Column(
            "previous_expires_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="Until when the previous secret is accepted",
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True, comment="When the key ends"),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True, comment="When the key was revoked"),
        sa.Column(
            "last_used_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When the key was used last, to the minute",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=per_dialect(postgresql="now()", sqlite="(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"),
            nullable=False,
            comment="Creation timestamp",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=per_dialect(postgresql="now()", sqlite="(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"),
            nullable=False,
            comment="Last update timestamp",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_keys_secret_hash")),
        comment="Stores API keys. The secrets are not kept.",
        sqlite_autoincrement=True,
    )
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE api_keys ADD CONSTRAINT ck_api_keys_previous_expires_at CHECK "
            "(previous_expires_at >= '0001-01-01 00:00:00+00' AND previous_expires_at < '10000-01-01 "
            "00:00:00+00')"
        )
        op.execute(
            "ALTER TABLE api_keys ADD CONSTRAINT ck_api_keys_timestamps CHECK (created_at >= "
            "'0001-01-01 00:00:00+00' AND created_at < '10000-01-01 00:00:00+00' AND updated_at >= "
            "'0001-01-01 00:00:00+00' AND updated_at < '10000-01-01 00:00:00+00')"
        )
        op.execute(
            "ALTER TABLE api_keys ADD CONSTRAINT ck_api_keys_expires_at CHECK (expires_at >= "
            "'0001-01-01 00:00:00+00' AND expires_at < '10000-01-01 00:00:00+00')"
        )
        op.execute(
            "ALTER TABLE api_keys ADD CONSTRAINT ck_api_keys_revoked_at CHECK (revoked_at >= "
            "'0001-01-01 00:00:00+00' AND revoked_at < '10000-01-01 00:00:00+00')"
        )
        op.execute(
            "ALTER TABLE api_keys ADD CONSTRAINT ck_api_keys_last_used_at CHECK (last_used_at >= "
            "'0001-01-01 00:00:00+00' AND last_used_at < '10000-01-01 00:00:00+00')"
        )
    op.create_index(op.f("ix_api_keys_owner_id"), "api_keys", ["owner", "id"], unique=False)
    op.create_index(op.f("ix_api_keys_previous_secret_hash"), "api_keys", ["previous_secret_hash"], unique=False)
    op.create_index(op.f("ix_api_keys_tenant_id"), "api_keys", ["tenant", "id"], unique=False)
    op.create_table(
        "audit_trail",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=False),
            nullable=False,
            comment="Entry ID (auto-increment)",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=per_dialect(postgresql="now()", sqlite="(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"),
            nullable=False,
            comment="Creation timestamp",
        ),
        sa.Column("principal", sa.String(length=255), nullable=False, comment="Who did it"),
        sa.Column("request_id", sa.String(length=128), nullable=True, comment="The request, as it is logged"),
        sa.Column("action", sa.String(length=20), nullable=False, comment="What was done"),
        sa.Column("entity", sa.String(length=63), nullable=False, comment="The table of the row"),
        sa.Column("entity_id", sa.Integer(), nullable=True, comment="The id of the row; none for an import"),
        sa.Column("entities", sa.Integer(), nullable=False, comment="How many rows: 1, but for an import"),
        sa.CheckConstraint("action IN ('create', 'update', 'delete', 'import')", name=op.f("ck_audit_trail_action")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_trail")),
        comment="Stores who did what to which row, without any value of the row.",
        info={
            "append_only": "An entry is written once, and removed when it has been kept for its time.",
            "privileges": ("SELECT", "INSERT", "DELETE"),
        },
        sqlite_autoincrement=True,
    )
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE audit_trail ADD CONSTRAINT ck_audit_trail_timestamps CHECK (created_at >= "
            "'0001-01-01 00:00:00+00' AND created_at < '10000-01-01 00:00:00+00')"
        )
    op.create_index(op.f("ix_audit_trail_created_at"), "audit_trail", ["created_at"], unique=False)
    op.create_index(
        op.f("ix_audit_trail_entity_entity_id_id"), "audit_trail", ["entity", "entity_id", "id"], unique=False
    )
    op.create_index(op.f("ix_audit_trail_principal_id"), "audit_trail", ["principal", "id"], unique=False)
    if op.get_context().dialect.name == "postgresql":
        op.execute(REFUSE_UPDATE_ON_POSTGRESQL)
        op.execute(API_KEYS_TOUCH_UPDATED_AT_ON_POSTGRESQL)
        op.execute(AUDIT_TRAIL_REFUSE_UPDATE_ON_POSTGRESQL)
    if op.get_context().dialect.name == "sqlite":
        op.execute(API_KEYS_CHECK_VALUES_ON_INSERT_ON_SQLITE)
        op.execute(API_KEYS_CHECK_VALUES_ON_UPDATE_ON_SQLITE)
        op.execute(API_KEYS_TOUCH_UPDATED_AT_ON_SQLITE)
        op.execute(AUDIT_TRAIL_CHECK_VALUES_ON_INSERT_ON_SQLITE)
        op.execute(AUDIT_TRAIL_CHECK_VALUES_ON_UPDATE_ON_SQLITE)
        op.execute(AUDIT_TRAIL_REFUSE_UPDATE_ON_SQLITE)


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_index(op.f("ix_audit_trail_principal_id"), table_name="audit_trail")
    op.drop_index(op.f("ix_audit_trail_entity_entity_id_id"), table_name="audit_trail")
    op.drop_index(op.f("ix_audit_trail_created_at"), table_name="audit_trail")
    op.drop_table("audit_trail")
    op.drop_index(op.f("ix_api_keys_tenant_id"), table_name="api_keys")
    op.drop_index(op.f("ix_api_keys_previous_secret_hash"), table_name="api_keys")
    op.drop_index(op.f("ix_api_keys_owner_id"), table_name="api_keys")
    op.drop_table("api_keys")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_update()")
