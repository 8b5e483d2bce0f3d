"""assigned registrations"""

import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = "e4a81f70c3d2"
down_revision = "d19b7c4e2a60"
branch_labels = None
depends_on = None

GROUPS = {
    "marketing": "webinar.delete webinar.export registration.add registration.change",
    "sales": "registration.view_assigned registration.change_assigned registration.export_assigned",
}
BEFORE = {"sales": ("registration.view", "registration.change", "registration.export")}

group = sa.table("group", sa.column("id", sa.Integer), sa.column("name", sa.String))
permission = sa.table("group_permission", sa.column("group_id", sa.Integer), sa.column("permission", sa.String))


def upgrade() -> None:
    op.add_column(
        "registration",
        sa.Column("group", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False, server_default=""),
    )
    op.add_column(
        "registration",
        sa.Column("rep_id", sa.Uuid(), sa.ForeignKey("user.id", ondelete="SET NULL"), nullable=True),
        inline_references=True,
    )
    op.create_index("ix_registration_rep_id", "registration", ["rep_id"], unique=False)
    bind = op.get_bind()
    for name, permissions in GROUPS.items():
        id = bind.scalar(sa.select(group.c.id).where(group.c.name == name))
        if id is None:
            continue
        there = set(bind.scalars(sa.select(permission.c.permission).where(permission.c.group_id == id)))
        new = [each for each in permissions.split() if each not in there]
        if new:
            bind.execute(permission.insert(), [{"group_id": id, "permission": each} for each in new])
        bind.execute(
            permission.delete().where(
                permission.c.group_id == id, permission.c.permission.in_(BEFORE.get(name, ()))
            )
        )


def downgrade() -> None:
    bind = op.get_bind()
    for name, permissions in GROUPS.items():
        id = bind.scalar(sa.select(group.c.id).where(group.c.name == name))
        if id is None:
            continue
        bind.execute(
            permission.delete().where(permission.c.group_id == id, permission.c.permission.in_(permissions.split()))
        )
        if name in BEFORE:
            bind.execute(permission.insert(), [{"group_id": id, "permission": each} for each in BEFORE[name]])
    op.drop_index("ix_registration_rep_id", table_name="registration")
    op.drop_column("registration", "rep_id")
    op.drop_column("registration", "group")
