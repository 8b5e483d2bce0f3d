"""impersonation, and indexes for the figures of the whole site"""

import fastapi_users_db_sqlalchemy.generics
import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = "c41f7a90d2b8"
down_revision = "e4c19b7a5d20"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_user_figures": ("user", ["created_at", "is_guest"]),
    "ix_message_figures": ("message", ["created_at", "role", "status", "prompt_tokens", "completion_tokens"]),
    "ix_registration_figures": ("registration", ["created_at", "rep_id"]),
}


def upgrade() -> None:
    moment = fastapi_users_db_sqlalchemy.generics.TIMESTAMPAware(timezone=True)
    op.add_column(
        "access_token",
        sa.Column("as_user_id", sa.Uuid(), sa.ForeignKey("user.id", ondelete="SET NULL"), nullable=True),
        inline_references=True,
    )
    op.create_index("ix_access_token_as_user_id", "access_token", ["as_user_id"])
    op.add_column("access_token", sa.Column("as_may_write", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("access_token", sa.Column("as_since", moment, nullable=True))
    op.add_column(
        "audit_entry",
        sa.Column("acting_as", sqlmodel.sql.sqltypes.AutoString(length=320), nullable=False, server_default=""),
    )
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)
    failed = sa.text("status = 'failed'")
    op.create_index("ix_mail_failed", "mail", ["created_at"], sqlite_where=failed, postgresql_where=failed)


def downgrade() -> None:
    op.drop_index("ix_mail_failed", "mail")
    for name, (table, _columns) in INDEXES.items():
        op.drop_index(name, table)
    op.drop_column("audit_entry", "acting_as")
    op.drop_column("access_token", "as_since")
    op.drop_column("access_token", "as_may_write")
    op.drop_index("ix_access_token_as_user_id", "access_token")
    op.drop_column("access_token", "as_user_id")
