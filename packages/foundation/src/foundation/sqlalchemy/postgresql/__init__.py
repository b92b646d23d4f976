"""The short way to PostgreSQL: statements of SQLAlchemy, carried straight to libpq.

What is special for the sake of speed is here and nowhere else. Statements are built from the mapped tables as
everywhere; they are compiled once per process (`statements`), prepared once per connection, and sent and received
without SQLAlchemy's or psycopg's cursors in between (`wire`). Several go to the server in one flush, so that a
transaction costs no round trips of its own (`transaction`). Connections still come from SQLAlchemy's pool, behind a
gate that serves first come, first served (`leases`), and whatever is not hot goes through a session of SQLAlchemy on
the same connection, in the same transaction.

docs/performance.md has what each of these gains, as measured.
"""
