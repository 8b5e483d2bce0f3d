"""The tables. Importing this package registers all of them in `SQLModel.metadata`."""

from app.models.api_token import ApiToken
from app.models.audit import AuditEntry
from app.models.conversation import Citation, Conversation, Message
from app.models.document import Document, Passage
from app.models.event import Event
from app.models.follow_up import FollowUp
from app.models.group import Group, GroupMember, GroupPermission
from app.models.idempotency import IdempotencyKey
from app.models.job import Job, JobItem
from app.models.mail import Mail
from app.models.picture import Picture
from app.models.product import Product, ProductFigure
from app.models.saved_view import SavedView
from app.models.ticket import Ticket
from app.models.user import AccessToken, RecoveryCode, User
from app.models.webinar import Registration, Webinar
from app.models.webinar_message import Delivery, WebinarMessage

__all__ = [
    "AccessToken",
    "ApiToken",
    "AuditEntry",
    "Citation",
    "Conversation",
    "Delivery",
    "Document",
    "Event",
    "FollowUp",
    "Group",
    "GroupMember",
    "GroupPermission",
    "IdempotencyKey",
    "Job",
    "JobItem",
    "Mail",
    "Message",
    "Passage",
    "Picture",
    "Product",
    "ProductFigure",
    "RecoveryCode",
    "Registration",
    "SavedView",
    "Ticket",
    "User",
    "Webinar",
    "WebinarMessage",
]
