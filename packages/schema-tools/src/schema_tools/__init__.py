"""The schema toolchain: migrations, their revisions and the schema document.

It works on any SQLAlchemy `MetaData` with an Alembic directory, on PostgreSQL 15 or newer and on SQLite, and knows
nothing of the service it serves: a `schema_tools.project.SchemaProject` says where things are.
"""
