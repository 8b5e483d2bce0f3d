"""follow-ups whose draft somebody asked to stop"""

import sqlalchemy as sa
from alembic import op


revision = "7d2e0c94b1a6"
down_revision = "c41f7a90d2b8"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("follow_up", sa.Column("stop_requested", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("follow_up", "stop_requested")
