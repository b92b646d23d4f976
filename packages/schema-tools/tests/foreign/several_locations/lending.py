from sqlalchemy import Column, Date, ForeignKey, Index, Integer, MetaData, String, Table

metadata = MetaData()

Table("books", metadata, Column("id", Integer, primary_key=True), Column("title", String(200), nullable=False))
Table(
    "loans",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("book_id", Integer, ForeignKey("books.id"), nullable=False),
    Column("due", Date),
    Column("returned", Date),
    Index("ix_loans_book_id", "book_id"),
)
