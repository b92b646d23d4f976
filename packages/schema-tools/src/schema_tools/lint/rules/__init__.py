"""Every rule, in a stable order: what revisions do, how tables are made, how rules are waived."""

from collections.abc import Collection
from typing import Final

from schema_tools.findings import Finding
from schema_tools.lint.rule import REVISION_RULES, TABLE_RULES, Rule

# Importing a module of rules registers them: in this order, by theme.
from schema_tools.lint.rules import indexes, constraints, rewrites, locks, loss, unreadable, columns, keys  # noqa: F401  # isort: skip

NO_TIMEOUTS: Final = Rule(
    name="no-timeouts",
    fires="an env.py that neither calls schema_tools.environment nor sets lock_timeout and statement_timeout",
    why=(
        "The bare alembic command waits for locks without a limit, and every later query on the table waits behind it. "
        "The upgrade command of these tools is limited whatever env.py does."
    ),
    source="https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT",
    example="context.configure(connection=connection, target_metadata=target_metadata)",
)
_WITHOUT_REASON: Final = Rule(
    name="waiver-without-reason",
    fires="a waiver that gives no reason",
    why="A later reader cannot tell whether the reason still holds.",
    example='# lint: allow drop-column\nop.drop_column("members", "age")',
)
_UNKNOWN_RULE: Final = Rule(
    name="unknown-waiver",
    fires="a waiver for a rule that does not exist, or one that cannot be read",
    why="It allows nothing.",
    example='# lint: allow drop-columns because it is unused\nop.drop_column("members", "age")',
)
_UNUSED_WAIVER: Final = Rule(
    name="unused-waiver",
    fires="a waiver for a rule that is not broken there",
    why="It would silently allow a later violation.",
    example='# lint: allow drop-table because it is unused\nop.drop_column("members", "age")',
)

OTHER_RULES: Final = (NO_TIMEOUTS, _WITHOUT_REASON, _UNKNOWN_RULE, _UNUSED_WAIVER)
_NAMES: Final = frozenset(rule.name for rule in (*REVISION_RULES, *TABLE_RULES, *OTHER_RULES))


# Rules about what is lost, about a release that still runs, and about design. The others are about locks, rewrites,
# types and statements that PostgreSQL alone has.
_ALSO_ON_SQLITE: Final = frozenset({
    "drop-column", "drop-table", "drop-view", "drop-not-null", "drop-constraint", "default-changed", "rename-column",
    "rename-table", "not-null-without-default", "unique-over-existing-rows", "dynamic-sql", "upgrade-raises",
    "transaction-control", "missing-comment", "foreign-key-type", "foreign-key-without-index",
    "foreign-key-without-on-delete", "reference-without-foreign-key", "wide-index", "duplicate-column-in-index",
    "duplicate-index", "redundant-index",
})  # fmt: skip


def has_meaning(rule: str, databases: Collection[str]) -> bool:
    """Whether a rule has a meaning in a project for these kinds of databases."""
    return "postgresql" in databases or rule in _ALSO_ON_SQLITE


def waiver_findings(place: str, rule: str, reason: str, *, used: bool) -> list[Finding]:
    """What is wrong with a waiver of `rule`, which is empty where the waiver cannot be read; `used` if it fires."""
    if rule not in _NAMES:
        message = f"there is no rule {rule}" if rule else "this is not a valid waiver"
        return [_UNKNOWN_RULE.finding(place, message)]
    if not used:
        return [_UNUSED_WAIVER.finding(place, f"{rule} does not fire here: remove the waiver")]
    if not reason.strip():
        fix = f"# lint: allow {rule} because no release that still runs uses it"
        return [_WITHOUT_REASON.finding(place, f"the waiver of {rule} gives no reason", fix)]
    return []
