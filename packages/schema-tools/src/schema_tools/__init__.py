"""The schema toolchain: migrations, their revisions and the schema document.

It works on a SQLAlchemy `MetaData` and its Alembic directory, on PostgreSQL 15 or newer and on SQLite, and knows
nothing of the service it serves: a `schema_tools.project.SchemaProject` names the files.
"""
