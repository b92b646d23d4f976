"""The entities in a relational database: see `foundation.sqlalchemy`."""
