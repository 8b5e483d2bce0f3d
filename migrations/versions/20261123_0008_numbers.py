"""numbers of webinars"""

import fastapi_users_db_sqlalchemy.generics
import sqlalchemy as sa
from alembic import op


revision = "a5c0e7d2913b"
down_revision = "b8f2d61c0a97"
branch_labels = None
depends_on = None

INDEXES = {
    "standings": ["webinar_id", "source", "status", "attended_at", "rep_id", "created_at"],
    "made": ["webinar_id", "created_at", "source", "status", "attended_at", "rep_id"],
    "cancelled": ["webinar_id", "cancelled_at", "created_at", "source", "rep_id"],
}


def upgrade() -> None:
    op.add_column(
        "registration",
        sa.Column("cancelled_at", fastapi_users_db_sqlalchemy.generics.TIMESTAMPAware(timezone=True), nullable=True),
    )
    # The nearest that is known of those before.
    op.execute("UPDATE registration SET cancelled_at = updated_at WHERE status = 'cancelled'")
    for name, columns in INDEXES.items():
        op.create_index(f"ix_registration_{name}", "registration", columns, unique=False)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(f"ix_registration_{name}", table_name="registration")
    op.drop_column("registration", "cancelled_at")
