"""The relational storage: SQLAlchemy on PostgreSQL and on SQLite."""
