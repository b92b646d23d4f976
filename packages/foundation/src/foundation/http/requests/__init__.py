"""How the parts of a request are read: bodies, queries, headers."""
