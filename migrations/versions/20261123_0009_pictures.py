"""pictures"""

import fastapi_users_db_sqlalchemy.generics
import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = "7b3f90d2c6e8"
down_revision = "a5c0e7d2913b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = fastapi_users_db_sqlalchemy.generics.TIMESTAMPAware(timezone=True)
    op.create_table(
        "picture",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_picture")),
    )
    for table, column in (("webinar", "cover_id"), ("registration", "photo_id")):
        op.add_column(
            table,
            sa.Column(column, sa.Uuid(), sa.ForeignKey("picture.id", ondelete="SET NULL"), nullable=True),
            inline_references=True,
        )
        op.create_index(f"ix_{table}_{column}", table, [column], unique=False)
    op.add_column(
        "webinar",
        sa.Column("cover_alt", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False, server_default=""),
    )


def downgrade() -> None:
    op.drop_column("webinar", "cover_alt")
    for table, column in (("registration", "photo_id"), ("webinar", "cover_id")):
        op.drop_index(f"ix_{table}_{column}", table_name=table)
        op.drop_column(table, column)
    op.drop_table("picture")
