"""create orders.

Revision ID: aaaa00000002
Revises: aaaa00000001
Create Date: 2026-01-02 09:00:00+00:00
"""

import sqlalchemy as sa
from alembic import op

revision: str = "aaaa00000002"
down_revision: str | tuple[str, ...] | None = "aaaa00000001"


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.execute("CREATE SEQUENCE invoice_numbers START WITH 1000")
    op.create_table(
        "orders",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False, comment="Identifier"),
        sa.Column(
            "number",
            sa.BigInteger(),
            server_default=sa.text("nextval('invoice_numbers')"),
            nullable=False,
            comment="Number of the invoice",
        ),
        sa.Column(
            "status",
            sa.Enum("placed", "paid", "shipped", name="order_status"),
            server_default="placed",
            nullable=False,
            comment="How far it is",
        ),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=True, comment="When it was sent"),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Creation timestamp",
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="Last update timestamp",
        ),
        sa.CheckConstraint("(status = 'shipped') = (shipped_at IS NOT NULL)", name=op.f("ck_orders_shipped_when_sent")),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sa.UniqueConstraint("number", name="uq_orders_number"),
        comment="Stores the orders.",
    )
    op.create_table(
        "order_lines",
        sa.Column("order_id", sa.Uuid(), nullable=False, comment="The order"),
        sa.Column("book_id", sa.Integer(), nullable=False, comment="The book"),
        sa.Column("quantity", sa.SmallInteger(), nullable=False, comment="How many"),
        sa.CheckConstraint("quantity BETWEEN 1 AND 99", name=op.f("ck_order_lines_quantity_range")),
        sa.PrimaryKeyConstraint("order_id", "book_id", name="pk_order_lines"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_order_lines_order_id_orders", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["book_id"], ["books.id"], name="fk_order_lines_book_id_books", ondelete="RESTRICT"),
        comment="Stores what was ordered.",
    )
    op.create_index("ix_order_lines_book_id", "order_lines", ["book_id"])
    op.execute("CREATE TRIGGER orders_touch BEFORE UPDATE ON orders FOR EACH ROW\nEXECUTE FUNCTION touch()")


def downgrade() -> None:
    """Take the schema back to the revision before."""
    op.drop_table("order_lines")
    op.drop_table("orders")
    op.execute("DROP TYPE order_status")
    op.execute("DROP SEQUENCE invoice_numbers")
