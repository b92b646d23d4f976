"""A real PostgreSQL server that is thrown away, and databases on one that is running already."""
