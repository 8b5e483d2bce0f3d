"""messages"""

from datetime import datetime, timezone

import fastapi_users_db_sqlalchemy.generics
import sqlalchemy as sa
import sqlmodel
from alembic import op


revision = "a83d5f12c9e7"
down_revision = "a6c20d9e7f41"
branch_labels = None
depends_on = None

REMINDER_TEXT = """Hello {name},

It begins soon. The link shows the address of the room. If you cannot come any more, please cancel there, and the next \
one gets your seat.

**{title}**, {start}

[Your registration]({link})"""
FOLLOW_UP_TEXT = """Hello {name},

Thank you for coming to **{title}**. What did you take home, and what did you miss? Just answer this mail."""
MESSAGES = (
    ("reminder", 1440, "seat", "Soon: {title}", REMINDER_TEXT, True),
    ("reminder", 60, "seat", "Soon: {title}", REMINDER_TEXT, True),
    ("follow_up", 60, "attended", "Thank you for coming: {title}", FOLLOW_UP_TEXT, False),
)
REMINDED = {"day": 1440, "hour": 60}

moment = fastapi_users_db_sqlalchemy.generics.TIMESTAMPAware(timezone=True)
webinar = sa.table("webinar", sa.column("id", sa.Uuid))
registration = sa.table("registration", sa.column("id", sa.Uuid), sa.column("webinar_id", sa.Uuid))
message = sa.table(
    "webinar_message",
    sa.column("id", sa.Integer),
    sa.column("webinar_id", sa.Uuid),
    sa.column("kind", sa.String),
    sa.column("minutes", sa.Integer),
    sa.column("audience", sa.String),
    sa.column("subject", sa.String),
    sa.column("text", sa.String),
    sa.column("is_active", sa.Boolean),
    sa.column("created_at", moment),
    sa.column("updated_at", moment),
)
delivery = sa.table(
    "webinar_delivery",
    sa.column("message_id", sa.Integer),
    sa.column("registration_id", sa.Uuid),
    sa.column("at", moment),
    sa.column("passed_over", sa.Boolean),
)
reminder = sa.table(
    "reminder", sa.column("registration_id", sa.Uuid), sa.column("kind", sa.String), sa.column("at", moment)
)


def upgrade() -> None:
    op.create_table(
        "webinar_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webinar_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind", sa.Enum("reminder", "follow_up", name="messagekind", native_enum=False, length=12), nullable=False
        ),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column(
            "audience",
            sa.Enum("seat", "attended", "no_show", "registered", name="audience", native_enum=False, length=12),
            nullable=False,
        ),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(length=8000), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["webinar_id"], ["webinar.id"], name=op.f("fk_webinar_message_webinar_id_webinar"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webinar_message")),
    )
    op.create_index("ix_webinar_message_webinar_id", "webinar_message", ["webinar_id"], unique=False)
    op.create_table(
        "webinar_delivery",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("passed_over", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["webinar_message.id"],
            name=op.f("fk_webinar_delivery_message_id_webinar_message"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registration.id"],
            name=op.f("fk_webinar_delivery_registration_id_registration"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", "registration_id", name=op.f("pk_webinar_delivery")),
    )
    op.create_index("ix_webinar_delivery_registration_id", "webinar_delivery", ["registration_id"], unique=False)
    op.create_table(
        "follow_up",
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("text", sqlmodel.sql.sqltypes.AutoString(length=8000), nullable=False),
        sa.Column(
            "status",
            sa.Enum("writing", "draft", "sent", name="followupstatus", native_enum=False, length=8),
            nullable=False,
        ),
        sa.Column("error", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("writer", sqlmodel.sql.sqltypes.AutoString(length=32), nullable=False),
        sa.Column("heartbeat_at", moment, nullable=True),
        sa.Column("author_id", sa.Uuid(), nullable=True),
        sa.Column("author", sqlmodel.sql.sqltypes.AutoString(length=320), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("sent_at", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registration.id"],
            name=op.f("fk_follow_up_registration_id_registration"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user.id"], name=op.f("fk_follow_up_author_id_user"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("registration_id", name=op.f("pk_follow_up")),
    )
    op.create_index("ix_follow_up_author_id", "follow_up", ["author_id"], unique=False)
    op.add_column("registration", sa.Column("unsubscribed_at", moment, nullable=True))
    op.add_column("mail", sa.Column("unsubscribe", sa.String(), nullable=False, server_default=""))
    _give_messages()
    op.drop_table("reminder")


def _give_messages() -> None:
    """Every webinar gets the messages that a new one begins with; who was reminded is not reminded again."""
    bind, at = op.get_bind(), datetime.now(timezone.utc)
    names = ("kind", "minutes", "audience", "subject", "text", "is_active")
    rows = [
        {"webinar_id": id, "created_at": at, "updated_at": at, **dict(zip(names, values))}
        for id in bind.scalars(sa.select(webinar.c.id)).all()
        for values in MESSAGES
    ]
    if rows:
        bind.execute(message.insert(), rows)
    for kind, minutes in REMINDED.items():
        reminded = (
            sa.select(message.c.id, reminder.c.registration_id, reminder.c.at, sa.false())
            .select_from(reminder)
            .join(registration, registration.c.id == reminder.c.registration_id)
            .join(message, message.c.webinar_id == registration.c.webinar_id)
            .where(reminder.c.kind == kind, message.c.kind == "reminder", message.c.minutes == minutes)
        )
        bind.execute(delivery.insert().from_select(["message_id", "registration_id", "at", "passed_over"], reminded))


def downgrade() -> None:
    op.create_table(
        "reminder",
        sa.Column("registration_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["registration.id"],
            name=op.f("fk_reminder_registration_id_registration"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("registration_id", "kind", name=op.f("pk_reminder")),
    )
    bind = op.get_bind()
    for kind, minutes in REMINDED.items():
        reminded = (
            sa.select(delivery.c.registration_id, sa.literal(kind), sa.func.min(delivery.c.at))
            .join(message, message.c.id == delivery.c.message_id)
            .where(message.c.kind == "reminder", message.c.minutes == minutes)
            .group_by(delivery.c.registration_id)
        )
        bind.execute(reminder.insert().from_select(["registration_id", "kind", "at"], reminded))
    op.drop_column("mail", "unsubscribe")
    op.drop_column("registration", "unsubscribed_at")
    op.drop_table("follow_up")
    op.drop_table("webinar_delivery")
    op.drop_table("webinar_message")
