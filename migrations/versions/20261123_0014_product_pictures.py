"""pictures of products"""

import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = "4d81f6c03a92"
down_revision = "b7e5d02c91f4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    shown = sa.text("picture_id IS NOT NULL")
    op.add_column(
        "product",
        sa.Column("picture_id", sa.Uuid(), sa.ForeignKey("picture.id", ondelete="SET NULL"), nullable=True),
        inline_references=True,
    )
    op.add_column(
        "product",
        sa.Column("picture_alt", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False, server_default=""),
    )
    op.create_index("ix_product_picture_id", "product", ["picture_id"], sqlite_where=shown, postgresql_where=shown)


def downgrade() -> None:
    op.drop_index("ix_product_picture_id", table_name="product")
    op.drop_column("product", "picture_alt")
    op.drop_column("product", "picture_id")
