"""The knowledge base: documents, and the passages that search ranks."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from app.models.base import Timestamp, now


class Document(SQLModel, table=True):
    """One Markdown document. `digest` tells whether its text changed."""

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(max_length=120, unique=True, index=True)
    title: str = Field(max_length=300)
    text: str
    digest: str = Field(max_length=64)
    updated_at: datetime = Timestamp(default_factory=now)


class Passage(SQLModel, table=True):
    """A piece of a document under one heading: `text == document.text[start:end]`."""

    id: int | None = Field(default=None, primary_key=True)
    document_id: int = Field(foreign_key="document.id", index=True, ondelete="CASCADE")
    title: str = Field(max_length=300)
    heading: str = Field(max_length=1000)
    start: int
    end: int
    text: str


def quote_path(slug: str, digest: str, start: int, end: int) -> str:
    """Where a span of a document is shown highlighted. The digest tells a later reader whether the text has changed."""
    return f"/documents/{slug}?start={start}&end={end}&v={digest[:8]}#quote"
