from sqlalchemy import Column, Integer, MetaData, String, Table

metadata = MetaData()

Table(
    "accounts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("email", String(100), nullable=False, unique=True),
    Column("city", String(80)),
)
