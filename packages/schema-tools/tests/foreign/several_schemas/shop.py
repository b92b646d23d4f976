from sqlalchemy import Column, Enum, ForeignKey, Index, Integer, MetaData, Numeric, String, Table

metadata = MetaData()

products = Table(
    "products",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(100), nullable=False),
    Column("state", Enum("draft", "live", name="product_state", schema="catalog"), nullable=False),
    schema="catalog",
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("product_id", ForeignKey("catalog.products.id", ondelete="RESTRICT"), nullable=False),
    Column("price", Numeric(12, 2), nullable=False),
    Index("ix_order_lines_product_id", "product_id"),
    schema="sales",
)
