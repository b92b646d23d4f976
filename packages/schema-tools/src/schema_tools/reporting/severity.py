"""How bad a finding is: what loses data first, opinions last."""

from enum import Enum
from typing import Final


class Severity(Enum):
    """How bad it is to break a rule, the worst first; the value is what people read."""

    LOSS = "data loss, failing migrations and broken rollbacks"
    LOCKS = "blocking locks"
    CODE = "broken code and history"
    WEAK = "weak tables and documents"
    OPINION = "opinions"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


# The rules for revisions that are not about locks. Those for tables are about weak tables, or opinions.
OF_REVISION_RULES: Final = {
    **dict.fromkeys(
        ("drop-column", "drop-table", "drop-schema", "truncate", "cascade", "upgrade-raises", "catalog-edit"),
        Severity.LOSS,
    ),
    **dict.fromkeys(
        (
            *("concurrently-in-transaction", "unique-over-existing-rows", "enum-value-used-at-once"),
            *("drop-view", "drop-type", "not-null-without-default", "drop-not-null", "drop-constraint"),
            *("default-changed", "rename-column", "rename-table", "rename-enum-value", "rename-schema"),
            *("dynamic-sql", "unparsable-sql", "transaction-control"),
        ),
        Severity.CODE,
    ),
}
