"""From where on a condition is worth a finding."""

from datetime import timedelta
from typing import Final

# A week has every weekday in it, so that a weekly report has had its turn to use an index.
STATISTICS_AGE: Final = timedelta(days=7)

# An unused index of less costs hardly anything.
UNUSED_INDEX_BYTES: Final = 1024 * 1024

# The share of the numbers that leaves time to change a type on a large table in good order.
NUMBERS_USED: Final = 0.75

# Below this a table is read in a moment, whatever is in it.
BLOATED_TABLE_BYTES: Final = 10 * 1024 * 1024

# Autovacuum begins at this share of dead rows, by autovacuum_vacuum_scale_factor, so that more of them means that it
# does not keep up: https://www.postgresql.org/docs/current/runtime-config-vacuum.html
DEAD_ROWS: Final = 0.2

# Half of what there is: the server refuses to work at about 2.1 thousand million, and autovacuum should have
# acted at autovacuum_freeze_max_age, which is 200 million:
# https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-WRAPAROUND
TRANSACTION_AGE: Final = 1_000_000_000

# From here on a plan made without statistics goes wrong noticeably. Autovacuum would analyse a table after 50
# changed rows, within a minute.
UNANALYSED_ROWS: Final = 1000
