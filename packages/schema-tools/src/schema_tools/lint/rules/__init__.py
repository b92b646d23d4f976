"""Every rule, in a stable order: what revisions do, how tables are made, how rules are waived."""

from typing import Final

from schema_tools.lint.environments import NO_TIMEOUTS
from schema_tools.lint.rule import REVISION_RULES, TABLE_RULES, Rule

# Importing a module of rules registers them: in this order, by theme.
from schema_tools.lint.rules import (  # noqa: F401  # isort: skip
    indexes,
    constraints,
    rewrites,
    maintenance,
    transactions,
    loss,
    renames,
    unreadable,
    columns,
    keys,
)
from schema_tools.lint.rules.waivers import WAIVER_RULES  # isort: skip

ALL_RULES: Final[tuple[Rule, ...]] = (*REVISION_RULES, NO_TIMEOUTS, *TABLE_RULES, *WAIVER_RULES)
