"""Queries of the knowledge base."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import TextClause, delete, func, text
from sqlmodel import col, select

from app.models.document import Document, Passage
from app.repositories.base import Repository

# BM25 with a match in the title worth four, in the section's heading two, of one in the text; smaller is better.
SQLITE_SEARCH = text("""
    WITH best AS (
        SELECT rowid, bm25(passage_fts, 4.0, 2.0, 1.0) AS badness FROM passage_fts
        WHERE passage_fts MATCH :query ORDER BY badness LIMIT :limit
    )
    SELECT passage.title, passage.heading, passage.start, passage.text, document.slug, document.digest
    FROM best JOIN passage ON passage.id = best.rowid JOIN document ON document.id = passage.document_id
    ORDER BY best.badness
""")
# The expression is that of the index `ix_passage_fts`; the weights follow SQLite's.
POSTGRES_SEARCH = text("""
    WITH best AS (
        SELECT passage.*, ts_rank_cd(
            setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', heading), 'B')
            || setweight(to_tsvector('english', text), 'D'), query, 1) AS rank
        FROM passage, to_tsquery('english', :query) AS query
        WHERE to_tsvector('english', title || ' ' || heading || ' ' || text) @@ query
        ORDER BY rank DESC LIMIT :limit
    )
    SELECT best.title, best.heading, best.start, best.text, document.slug, document.digest
    FROM best JOIN document ON document.id = best.document_id
    ORDER BY best.rank DESC
""")


class Ranked(NamedTuple):
    """A passage that a search found, and which version of which document it is of."""

    title: str
    heading: str
    start: int
    text: str
    slug: str
    digest: str


class DocumentRepository(Repository):
    async def all(self) -> Sequence[Document]:
        return (await self.session.exec(select(Document).order_by(col(Document.title)))).all()

    async def titles(self) -> Sequence[str]:
        return (await self.session.exec(select(Document.title).order_by(col(Document.title)))).all()

    async def by_slug(self, slug: str) -> Document | None:
        return (await self.session.exec(select(Document).where(Document.slug == slug))).first()

    async def version(self) -> str:
        """Name the state of the whole corpus; it changes whenever a document does."""
        digests = (await self.session.exec(select(Document.digest).order_by(col(Document.slug)))).all()
        return "".join(digest[:8] for digest in digests)

    async def replace_passages(self, document: Document, passages: Sequence[Passage]) -> None:
        await self.write(delete(Passage).where(col(Passage.document_id) == document.id))
        await self.add_all(passages)

    async def delete_others(self, slugs: Sequence[str]) -> int:
        """Delete every document whose slug is not among these; return how many."""
        gone = await self.write(delete(Document).where(col(Document.slug).not_in(slugs)))
        return gone.rowcount

    async def search(self, terms: Sequence[str], limit: int) -> list[Ranked]:
        """Rank passages that hold any of the terms, best first."""
        if not terms:
            return []
        return [Ranked(*row) for row in await self.execute(self._search(), self._query(terms, limit))]

    def _search(self) -> TextClause:
        return SQLITE_SEARCH if self.on_sqlite else POSTGRES_SEARCH

    def _query(self, terms: Sequence[str], limit: int) -> dict[str, object]:
        if self.on_sqlite:
            query = " OR ".join('"' + term.replace('"', '""') + '"' for term in terms)
        else:
            query = " | ".join("'" + term.replace("'", "''").replace("\\", "\\\\") + "'" for term in terms)
        return {"query": query, "limit": limit}

    async def count(self) -> int:
        return (await self.session.exec(select(func.count()).select_from(Document))).one()
