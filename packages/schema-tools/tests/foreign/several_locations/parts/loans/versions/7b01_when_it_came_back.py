"""when it came back"""

import sqlalchemy as sa
from alembic import op

revision = "7b01"
down_revision = "7b00"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("loans", sa.Column("returned", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("loans", "returned")
