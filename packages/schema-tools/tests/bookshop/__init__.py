"""A bookshop: a project for the schema tools, with much of what PostgreSQL has."""
