"""The users that are in a database before anything is measured."""

import sqlite3
from typing import Final

import psycopg

FILTERED_AFTER: Final = "2025-01-01T01:00:00Z"
FIRST_FILTERED: Final = 3600
"""A time, and the first of the users that were created after it."""

# A second apart, from the beginning of 2025, with microseconds, which a time as it comes always has.
_INTO_POSTGRESQL: Final = """\
INSERT INTO users (email, name, created_at, updated_at)
SELECT 'user' || lpad(n::text, 9, '0') || '@example.com', 'Person ' || n, moment, moment
FROM generate_series(%s::int, %s::int) AS n,
LATERAL (SELECT timestamptz '2025-01-01 00:00:00.123457Z' + n * interval '1 second' AS moment) AS moments"""

_INTO_SQLITE: Final = """\
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?),
moments AS (SELECT n, strftime('%Y-%m-%d %H:%M:%S', '2025-01-01', n || ' seconds') || '.123457' AS moment FROM numbers)
INSERT INTO users (email, name, created_at, updated_at)
SELECT printf('user%09d@example.com', n), 'Person ' || n, moment, moment FROM moments"""


def fill_postgresql(dsn: str, rows: int) -> None:
    """Add so many users to an empty table, with the ids from 1 on, and let PostgreSQL look at them."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(_INTO_POSTGRESQL, (1, rows))
        connection.execute("VACUUM (ANALYZE) users")
        connection.execute("CHECKPOINT")


def fill_sqlite(path: str, rows: int) -> None:
    """Add so many users to an empty table, with the ids from 1 on."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute(_INTO_SQLITE, (rows,))
        connection.execute("ANALYZE")
    finally:
        connection.close()
