"""who has yet to be told that a webinar was moved or cancelled"""

import sqlalchemy as sa
from alembic import op


revision = "5b8c13e7a2f9"
down_revision = "3e9b5d27f0c4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webinar_notice",
        sa.Column("webinar_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.String(length=40), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("until", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["webinar_id"], ["webinar.id"], name=op.f("fk_webinar_notice_webinar_id_webinar"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("webinar_id", name=op.f("pk_webinar_notice")),
    )


def downgrade() -> None:
    op.drop_table("webinar_notice")
