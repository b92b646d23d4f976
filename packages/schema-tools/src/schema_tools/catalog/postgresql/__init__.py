"""PostgreSQL's catalog, read for a whole schema by a few queries, in its own text."""
