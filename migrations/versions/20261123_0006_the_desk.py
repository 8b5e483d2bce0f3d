"""the desk: notes, and when registration opens"""

import fastapi_users_db_sqlalchemy.generics
import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = "a6c02e95d7b4"
down_revision = "e4a81f70c3d2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = fastapi_users_db_sqlalchemy.generics.TIMESTAMPAware(timezone=True)
    op.add_column("webinar", sa.Column("opens_at", moment, nullable=True))
    op.add_column("webinar", sa.Column("shares_out", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author", sqlmodel.sql.sqltypes.AutoString(length=320), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(length=4000), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user.id"], name=op.f("fk_note_author_id_user"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registration.id"],
            name=op.f("fk_note_registration_id_registration"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
    )
    op.create_index(op.f("ix_note_author_id"), "note", ["author_id"])
    op.create_index(op.f("ix_note_registration_id"), "note", ["registration_id"])


def downgrade() -> None:
    op.drop_table("note")
    op.drop_column("webinar", "shares_out")
    op.drop_column("webinar", "opens_at")
