"""Groups, and what their members may do to which kinds of records."""

from uuid import UUID

from sqlmodel import Field, SQLModel

from app.models.user import Address

KINDS = ("user", "conversation", "document", "audit", "webinar", "registration", "product")
ACTIONS = ("view", "add", "change", "delete", "export")
# What may be done to those records alone that are assigned to oneself.
ASSIGNED = ("registration.view_assigned", "registration.change_assigned", "registration.export_assigned")
ASSIGNABLE = "registration.change_assigned"  # who may do this is one to whom registrations are assigned
PERMISSIONS = frozenset([*(f"{kind}.{action}" for kind in KINDS for action in ACTIONS), *ASSIGNED])


class Group(SQLModel, table=True):
    __tablename__ = "group"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=60, unique=True, index=True)


class GroupMember(SQLModel, table=True):
    __tablename__ = "group_member"

    group_id: int = Field(foreign_key="group.id", primary_key=True, ondelete="CASCADE")
    user_id: UUID = Field(foreign_key="user.id", primary_key=True, index=True, ondelete="CASCADE")


class GroupPermission(SQLModel, table=True):
    """`permission` is a kind of record and an action, as `product.change`."""

    __tablename__ = "group_permission"

    group_id: int = Field(foreign_key="group.id", primary_key=True, ondelete="CASCADE")
    permission: str = Field(max_length=60, primary_key=True)


class InvitationForm(SQLModel):
    email: Address
    groups: list[int] = Field(default_factory=list)


class ImpersonationForm(SQLModel):
    may_write: bool = False


class PersonForm(SQLModel):
    """What an administrator says of somebody; what a browser leaves out is off."""

    groups: list[int] = Field(default_factory=list)
    is_active: bool = False
    is_staff: bool = False
    is_superuser: bool = False
