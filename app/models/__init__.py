"""The tables. Importing this package registers all of them in `SQLModel.metadata`."""

from app.models.conversation import Citation, Conversation, Message
from app.models.document import Document, Passage
from app.models.user import AccessToken, User

__all__ = ["AccessToken", "Citation", "Conversation", "Document", "Message", "Passage", "User"]
