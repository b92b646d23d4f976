"""products and order lines

Revision ID: 2a00
Revises: None
Create Date: 2026-03-01 09:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision = "2a00"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "products",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("state", sa.Enum("draft", "live", name="product_state", schema="catalog"), nullable=False),
        schema="catalog",
    )
    op.create_table(
        "order_lines",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("product_id", sa.Integer, sa.ForeignKey("catalog.products.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("price", sa.Numeric(12, 2), nullable=False),
        schema="sales",
    )
    op.create_index("ix_order_lines_product_id", "order_lines", ["product_id"], schema="sales")


def downgrade() -> None:
    op.drop_table("order_lines", schema="sales")
    op.drop_table("products", schema="catalog")
    op.execute("DROP TYPE catalog.product_state")
