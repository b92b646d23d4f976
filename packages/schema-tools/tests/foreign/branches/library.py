from sqlalchemy import Column, Integer, MetaData, String, Table, Text

metadata = MetaData()

Table(
    "books",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("title", String(200), nullable=False),
    Column("isbn", String(13), unique=True),
    Column("summary", Text),
)
