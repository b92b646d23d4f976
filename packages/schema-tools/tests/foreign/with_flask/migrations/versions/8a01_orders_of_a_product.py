from alembic import op
from flask import current_app

revision = "8a01"
down_revision = "8a00"


def upgrade():
    assert current_app.extensions["migrate"]
    with op.batch_alter_table("order") as batch:
        batch.create_index(batch.f("ix_order_product_id"), ["product_id"], unique=False)


def downgrade():
    with op.batch_alter_table("order") as batch:
        batch.drop_index(batch.f("ix_order_product_id"))
