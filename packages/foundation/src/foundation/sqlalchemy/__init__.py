"""The relational storage, for any entity: SQLAlchemy on PostgreSQL and on SQLite."""
