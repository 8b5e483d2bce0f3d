"""The tables. Importing this package registers all of them in `SQLModel.metadata`."""

from app.models.api_token import ApiToken
from app.models.audit import AuditEntry
from app.models.conversation import Citation, Conversation, Message
from app.models.document import Document, Passage
from app.models.event import Event
from app.models.group import Group, GroupMember, GroupPermission
from app.models.mail import Mail
from app.models.product import Product, ProductFigure
from app.models.ticket import Ticket
from app.models.user import AccessToken, RecoveryCode, User
from app.models.webinar import Registration, Reminder, Webinar

__all__ = [
    "AccessToken",
    "ApiToken",
    "AuditEntry",
    "Citation",
    "Conversation",
    "Document",
    "Event",
    "Group",
    "GroupMember",
    "GroupPermission",
    "Mail",
    "Message",
    "Passage",
    "Product",
    "ProductFigure",
    "RecoveryCode",
    "Registration",
    "Reminder",
    "Ticket",
    "User",
    "Webinar",
]
