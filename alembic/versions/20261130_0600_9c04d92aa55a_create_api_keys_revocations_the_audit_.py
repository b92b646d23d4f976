"""create api keys, revocations, the audit trail and rate limits.

Revision ID: 9c04d92aa55a
Revises: 139167750d2f
Create Date: 2026-11-30 06:00:38+00:00
"""

import sqlalchemy as sa
from alembic import op

revision: str = "9c04d92aa55a"
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

REVOCATIONS_TOUCH_UPDATED_AT_ON_POSTGRESQL = """\
CREATE TRIGGER revocations_touch_updated_at BEFORE UPDATE ON revocations FOR EACH ROW
WHEN (OLD.* IS DISTINCT FROM NEW.* AND OLD.updated_at IS NOT DISTINCT FROM NEW.updated_at)
EXECUTE FUNCTION touch_updated_at()"""

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

RATE_LIMITS_CHECK_VALUES_ON_INSERT_ON_SQLITE = """\
CREATE TRIGGER rate_limits_check_values_on_insert BEFORE INSERT ON rate_limits FOR EACH ROW
WHEN typeof(NEW.key_hash) = 'blob'
OR typeof(NEW.full_at) = 'blob'
OR typeof(NEW.granted) = 'blob'
OR NEW.created_at IS NOT NULL AND (
  typeof(NEW.created_at) <> 'text' OR NEW.created_at < '0001'
  OR substr(NEW.created_at, 1, 19) IS NOT datetime(substr(NEW.created_at, 1, 19), '+0 days')
  OR substr(NEW.created_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
BEGIN
  SELECT RAISE(ABORT, 'rate_limits has no BLOBs, and times in UTC such as 2025-12-16 10:00:00.000000');
END"""

RATE_LIMITS_CHECK_VALUES_ON_UPDATE_ON_SQLITE = """\
CREATE TRIGGER rate_limits_check_values_on_update BEFORE UPDATE ON rate_limits FOR EACH ROW
WHEN typeof(NEW.key_hash) = 'blob'
OR typeof(NEW.full_at) = 'blob'
OR typeof(NEW.granted) = 'blob'
OR NEW.created_at IS NOT NULL AND (
  typeof(NEW.created_at) <> 'text' OR NEW.created_at < '0001'
  OR substr(NEW.created_at, 1, 19) IS NOT datetime(substr(NEW.created_at, 1, 19), '+0 days')
  OR substr(NEW.created_at, 20) NOT GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]'
)
BEGIN
  SELECT RAISE(ABORT, 'rate_limits has no BLOBs, and times in UTC such as 2025-12-16 10:00:00.000000');
END"""

REVOCATIONS_CHECK_VALUES_ON_INSERT_ON_SQLITE = """\
CREATE TRIGGER revocations_check_values_on_insert BEFORE INSERT ON revocations FOR EACH ROW
WHEN typeof(NEW.id) = 'blob'
OR typeof(NEW.revoked_by) = 'blob'
OR typeof(NEW.revoked) = 'blob'
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
  SELECT RAISE(ABORT, 'revocations has no BLOBs, and times in UTC such as 2025-12-16 10:00:00.000000');
END"""

REVOCATIONS_CHECK_VALUES_ON_UPDATE_ON_SQLITE = """\
CREATE TRIGGER revocations_check_values_on_update BEFORE UPDATE ON revocations FOR EACH ROW
WHEN typeof(NEW.id) = 'blob'
OR typeof(NEW.revoked_by) = 'blob'
OR typeof(NEW.revoked) = 'blob'
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
  SELECT RAISE(ABORT, 'revocations has no BLOBs, and times in UTC such as 2025-12-16 10:00:00.000000');
END"""

REVOCATIONS_TOUCH_UPDATED_AT_ON_SQLITE = """\
CREATE TRIGGER revocations_touch_updated_at AFTER UPDATE ON revocations FOR EACH ROW
WHEN NEW.updated_at IS OLD.updated_at AND (
  NEW.id IS NOT OLD.id
  OR NEW.revoked_by IS NOT OLD.revoked_by
  OR NEW.revoked IS NOT OLD.revoked
  OR NEW.created_at IS NOT OLD.created_at
)
BEGIN
  UPDATE revocations SET updated_at = max(
    strftime('%Y-%m-%d %H:%M:%f', 'now') || '000',
    CASE WHEN substr(OLD.updated_at, 21) = '999999'
      THEN strftime('%Y-%m-%d %H:%M:%S', substr(OLD.updated_at, 1, 19), '+1 second') || '.000000'
      ELSE substr(OLD.updated_at, 1, 20) || printf('%06d', substr(OLD.updated_at, 21) + 1)
    END
  ) WHERE rowid = NEW.rowid;
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
            "ALTER TABLE api_keys ADD CONSTRAINT ck_api_keys_last_used_at CHECK (last_used_at >= "
            "'0001-01-01 00:00:00+00' AND last_used_at < '10000-01-01 00:00:00+00')"
        )
        op.execute(
            "ALTER TABLE api_keys ADD CONSTRAINT ck_api_keys_previous_expires_at CHECK "
            "(previous_expires_at >= '0001-01-01 00:00:00+00' AND previous_expires_at < '10000-01-01 "
            "00:00:00+00')"
        )
        op.execute(
            "ALTER TABLE api_keys ADD CONSTRAINT ck_api_keys_revoked_at CHECK (revoked_at >= "
            "'0001-01-01 00:00:00+00' AND revoked_at < '10000-01-01 00:00:00+00')"
        )
        op.execute(
            "ALTER TABLE api_keys ADD CONSTRAINT ck_api_keys_expires_at CHECK (expires_at >= "
            "'0001-01-01 00:00:00+00' AND expires_at < '10000-01-01 00:00:00+00')"
        )
        op.execute(
            "ALTER TABLE api_keys ADD CONSTRAINT ck_api_keys_timestamps CHECK (created_at >= "
            "'0001-01-01 00:00:00+00' AND created_at < '10000-01-01 00:00:00+00' AND updated_at >= "
            "'0001-01-01 00:00:00+00' AND updated_at < '10000-01-01 00:00:00+00')"
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
    op.create_table(
        "rate_limits",
        sa.Column(
            "key_hash",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256 of the limit and the client it is for, in hexadecimal",
        ),
        sa.Column(
            "full_at",
            sa.BigInteger(),
            nullable=False,
            comment="When the client has all of its requests again, in microseconds since 1970 in UTC",
        ),
        sa.Column(
            "granted",
            sa.Integer(),
            nullable=False,
            comment="How many requests were granted to the worker that asked last",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=per_dialect(postgresql="now()", sqlite="(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"),
            nullable=False,
            comment="Creation timestamp",
        ),
        sa.CheckConstraint("granted >= 0", name=op.f("ck_rate_limits_granted")),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_rate_limits")),
        comment="Stores how much of its rate limit each active client has used.",
        info={"append_only": "full_at says when a row changed, and the row is removed once that has passed."},
    )
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE rate_limits ADD CONSTRAINT ck_rate_limits_timestamps CHECK (created_at >= "
            "'0001-01-01 00:00:00+00' AND created_at < '10000-01-01 00:00:00+00')"
        )
    op.create_index(op.f("ix_rate_limits_full_at"), "rate_limits", ["full_at"], unique=False)
    op.create_table(
        "revocations",
        sa.Column(
            "id", sa.Integer(), sa.Identity(always=False), nullable=False, comment="Revocation ID (auto-increment)"
        ),
        sa.Column(
            "revoked_by",
            sa.String(length=20),
            nullable=False,
            comment="What tells the tokens: their subject, their key, or the id of one",
        ),
        sa.Column("revoked", sa.String(length=255), nullable=False, comment="The subject or the id"),
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
        sa.CheckConstraint("revoked_by IN ('subject', 'key-id', 'token-id')", name=op.f("ck_revocations_revoked_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revocations")),
        sa.UniqueConstraint("revoked_by", "revoked", name=op.f("uq_revocations_revoked_by_revoked")),
        comment="Stores which access tokens are not accepted any more, although they have not expired.",
        sqlite_autoincrement=True,
    )
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE revocations ADD CONSTRAINT ck_revocations_timestamps CHECK (created_at >= "
            "'0001-01-01 00:00:00+00' AND created_at < '10000-01-01 00:00:00+00' AND updated_at >= "
            "'0001-01-01 00:00:00+00' AND updated_at < '10000-01-01 00:00:00+00')"
        )
    if op.get_context().dialect.name == "postgresql":
        op.execute(REFUSE_UPDATE_ON_POSTGRESQL)
        op.execute(API_KEYS_TOUCH_UPDATED_AT_ON_POSTGRESQL)
        op.execute(AUDIT_TRAIL_REFUSE_UPDATE_ON_POSTGRESQL)
        op.execute(REVOCATIONS_TOUCH_UPDATED_AT_ON_POSTGRESQL)
    if op.get_context().dialect.name == "sqlite":
        op.execute(API_KEYS_CHECK_VALUES_ON_INSERT_ON_SQLITE)
        op.execute(API_KEYS_CHECK_VALUES_ON_UPDATE_ON_SQLITE)
        op.execute(API_KEYS_TOUCH_UPDATED_AT_ON_SQLITE)
        op.execute(AUDIT_TRAIL_CHECK_VALUES_ON_INSERT_ON_SQLITE)
        op.execute(AUDIT_TRAIL_CHECK_VALUES_ON_UPDATE_ON_SQLITE)
        op.execute(AUDIT_TRAIL_REFUSE_UPDATE_ON_SQLITE)
        op.execute(RATE_LIMITS_CHECK_VALUES_ON_INSERT_ON_SQLITE)
        op.execute(RATE_LIMITS_CHECK_VALUES_ON_UPDATE_ON_SQLITE)
        op.execute(REVOCATIONS_CHECK_VALUES_ON_INSERT_ON_SQLITE)
        op.execute(REVOCATIONS_CHECK_VALUES_ON_UPDATE_ON_SQLITE)
        op.execute(REVOCATIONS_TOUCH_UPDATED_AT_ON_SQLITE)


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_table("revocations")
    op.drop_index(op.f("ix_rate_limits_full_at"), table_name="rate_limits")
    op.drop_table("rate_limits")
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
