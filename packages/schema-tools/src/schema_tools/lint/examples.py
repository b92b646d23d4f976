"""The schema that the rules' examples are about."""

from typing import Final

BASE: Final = '''\
op.execute("CREATE TYPE mood AS ENUM ('happy', 'sad')")
op.execute("CREATE TYPE color AS ENUM ('red', 'green')")
op.execute("CREATE SCHEMA archive")
op.execute("CREATE TABLE teams (id integer PRIMARY KEY, name text NOT NULL)")
op.execute(
    """
    CREATE TABLE users (
        id integer PRIMARY KEY,
        team_id integer,
        email varchar(100) NOT NULL,
        name varchar(200),
        age integer,
        balance numeric(8, 2) NOT NULL DEFAULT 0,
        mood mood NOT NULL DEFAULT 'happy',
        created_at timestamp(0) DEFAULT now(),
        CONSTRAINT uq_users_email UNIQUE (email),
        CONSTRAINT ck_users_age CHECK (age > 0)
    )
    """
)
op.execute("CREATE INDEX ix_users_name ON users (name)")
op.execute("CREATE TABLE orders (id bigint PRIMARY KEY, user_id integer, total numeric NOT NULL)")
op.execute("CREATE TABLE logs (number integer, message text)")
op.execute("CREATE TABLE bookings (during daterange NOT NULL)")
op.execute("CREATE TABLE events (id integer NOT NULL, day date NOT NULL) PARTITION BY RANGE (day)")
op.execute("CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')")
op.execute("CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')")
op.execute("CREATE VIEW team_names AS SELECT name FROM teams")
op.execute("CREATE MATERIALIZED VIEW team_sizes AS SELECT team_id, count(*) AS size FROM users GROUP BY team_id")
op.execute("CREATE UNIQUE INDEX ix_team_sizes_team_id ON team_sizes (team_id)")
op.execute("CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$")
'''
"""The body of the `upgrade()` that makes it."""
