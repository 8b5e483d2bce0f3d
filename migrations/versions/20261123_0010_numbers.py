"""numbers of webinars"""

import fastapi_users_db_sqlalchemy.generics
import sqlalchemy as sa
from alembic import op


revision = "a5c0e7d2913b"
down_revision = "e4a81f70c3d2"
branch_labels = None
depends_on = None

COVERED = ["webinar_id", "source", "status", "created_at", "attended_at", "cancelled_at", "rep_id"]


def upgrade() -> None:
    op.add_column(
        "registration",
        sa.Column("cancelled_at", fastapi_users_db_sqlalchemy.generics.TIMESTAMPAware(timezone=True), nullable=True),
    )
    # The nearest that is known of those before.
    op.execute("UPDATE registration SET cancelled_at = updated_at WHERE status = 'cancelled'")
    op.create_index("ix_registration_numbers", "registration", COVERED, unique=False)


def downgrade() -> None:
    op.drop_index("ix_registration_numbers", table_name="registration")
    op.drop_column("registration", "cancelled_at")
