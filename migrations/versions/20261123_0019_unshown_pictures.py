"""pictures that nothing shows any more"""

import fastapi_users_db_sqlalchemy.generics
import sqlalchemy as sa
from alembic import op


revision = "3e9b5d27f0c4"
down_revision = "7d2e0c94b1a6"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = fastapi_users_db_sqlalchemy.generics.TIMESTAMPAware(timezone=True)
    op.create_table(
        "unshown_picture",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["id"], ["picture.id"], name=op.f("fk_unshown_picture_id_picture"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unshown_picture")),
    )
    op.create_index("ix_unshown_picture_since", "unshown_picture", ["since"])


def downgrade() -> None:
    op.drop_table("unshown_picture")
