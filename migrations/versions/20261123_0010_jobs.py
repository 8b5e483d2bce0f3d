"""jobs"""

import fastapi_users_db_sqlalchemy.generics
import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = "a6c20d9e7f41"
down_revision = "7b3f90d2c6e8"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
Time = fastapi_users_db_sqlalchemy.generics.TIMESTAMPAware
RUNNING = sa.text("state = 'running'")


def upgrade() -> None:
    op.create_table(
        "job",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", Text(length=60), nullable=False),
        sa.Column("subject", Text(length=80), nullable=False),
        sa.Column("title", Text(length=200), nullable=False),
        sa.Column("path", Text(length=1_000), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum("ready", "running", "done", "failed", "undone", name="jobstate", native_enum=False, length=8),
            nullable=False,
        ),
        sa.Column("undoing", sa.Boolean(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("error", Text(length=500), nullable=False),
        sa.Column("worker", Text(length=32), nullable=False),
        sa.Column("heartbeat_at", Time(timezone=True), nullable=False),
        sa.Column("created_at", Time(timezone=True), nullable=False),
        sa.Column("started_at", Time(timezone=True), nullable=True),
        sa.Column("finished_at", Time(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["user.id"], name=op.f("fk_job_owner_id_user"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index("ix_job_owner_id", "job", ["owner_id"])
    op.create_index("ix_job_created_at", "job", ["created_at"])
    op.create_index("ix_job_wanted", "job", ["heartbeat_at"], sqlite_where=RUNNING, postgresql_where=RUNNING)
    op.create_table(
        "job_item",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", Text(length=320), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("outcome", Text(length=20), nullable=False),
        sa.Column("problem", Text(length=500), nullable=False),
        sa.Column("record", sa.Uuid(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("changed_at", Time(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_item_job_id_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "number", name=op.f("pk_job_item")),
    )
    op.create_index("ix_job_item_key", "job_item", ["key"])
    op.create_index("ix_job_item_record", "job_item", ["record"])


def downgrade() -> None:
    op.drop_table("job_item")
    op.drop_table("job")
