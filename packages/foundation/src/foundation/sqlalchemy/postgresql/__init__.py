"""The pipelined path to PostgreSQL: statements of SQLAlchemy, sent straight through libpq.

What is special for the sake of speed is here and nowhere else. Statements are built from the mapped tables as
everywhere; they are compiled once per process (`statements`), prepared once per connection, and sent and received
without SQLAlchemy's or psycopg's cursors in between (`connection`). Several go to the server in one flush, so that a
transaction costs no round trips of its own (`transaction`). SQLAlchemy opens the connections; the pool that lends them
serves tasks in the order in which they come (`pool`). What is not hot runs on a connection of SQLAlchemy's: the same
one, in the same transaction.

Lists may be read on a standby (`replica`), as new as on the primary (`wal`).

docs/performance.md has what each of these gains, as measured.
"""
