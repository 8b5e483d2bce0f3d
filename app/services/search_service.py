"""The knowledge base: what goes in, and which passages answer a question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from operator import attrgetter, itemgetter

from app.ai import passages
from app.ai.passages import coverage, quote, split, terms, title_of
from app.ai.providers import Source
from app.errors import NotFound
from app.models.base import now
from app.models.conversation import Citation
from app.models.document import Document, Passage, quote_path
from app.repositories.documents import DocumentRepository, Ranked

CANDIDATES = 24  # ranked by the database, ranked again here...
QUOTED = 8  # ...and the best of them a third time by what can be quoted of them
MOST_SOURCES = 5
ENOUGH_COVERAGE = 0.5  # of the question's terms; a best passage with less does not answer it
RELATIVE_RELEVANCE = 0.75  # of the best passage's; others with less only share a word
INTRODUCTION_SHARE = 0.5  # what a title's words count when a passage opens its document


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that answers, and the span of its document that answers best."""

    passage: Ranked
    start: int
    end: int
    relevance: float

    @property
    def slug(self) -> str:
        return self.passage.slug

    @property
    def quote(self) -> str:
        return self.passage.text[self.start - self.passage.start : self.end - self.passage.start]

    @property
    def path(self) -> str:
        return quote_path(self.slug, self.passage.digest, self.start, self.end)

    def source(self, number: int) -> Source:
        return Source(number, self.passage.title, self.passage.heading, self.passage.text, self.quote)

    def citation(self, number: int, message_id: int) -> Citation:
        return Citation(
            message_id=message_id,
            number=number,
            slug=self.slug,
            digest=self.passage.digest,
            title=self.passage.title,
            heading=self.passage.heading,
            start=self.start,
            end=self.end,
            quote=self.quote,
        )


class SearchService:
    def __init__(self, documents: DocumentRepository) -> None:
        self.documents = documents

    async def find(self, question: str) -> list[Found]:
        """The passages that answer a question, best first; none when nothing fits."""
        words = terms(question)
        ranked = [(self._coverage(words, each), each) for each in await self.documents.search(words, CANDIDATES)]
        ranked.sort(key=itemgetter(0), reverse=True)  # stable: equals stay in the database's order
        if not ranked or ranked[0][0] < ENOUGH_COVERAGE:
            return []
        found = [self._found(words, *each) for each in ranked[:QUOTED]]
        found.sort(key=attrgetter("relevance"), reverse=True)
        return [each for each in found if each.relevance >= found[0].relevance * RELATIVE_RELEVANCE][:MOST_SOURCES]

    def _coverage(self, words: Sequence[str], passage: Ranked) -> float:
        return coverage(words, f"{passage.title} {passage.heading} {passage.text}")

    def _found(self, words: Sequence[str], covered: float, passage: Ranked) -> Found:
        """Choose a passage's quote, and judge both; an introduction also by its document's title."""
        start, end = quote(words, passage.text)
        relevance = covered + coverage(words, passage.text[start:end])
        if not passage.heading:
            relevance += INTRODUCTION_SHARE * coverage(words, passage.title)
        return Found(passage, passage.start + start, passage.start + end, relevance)

    async def all(self) -> Sequence[Document]:
        return await self.documents.all()

    async def count(self) -> int:
        return await self.documents.count()

    async def titles(self) -> Sequence[str]:
        return await self.documents.titles()

    async def version(self) -> str:
        """Name the state of the whole knowledge base; it changes whenever a document does."""
        return await self.documents.version()

    async def document(self, slug: str) -> Document:
        document = await self.documents.by_slug(slug)
        if document is None:
            raise NotFound
        return document

    async def put(self, slug: str, text: str) -> bool:
        """Store one Markdown document under its slug; return whether it was new or had changed."""
        digest = sha256(text.encode()).hexdigest()
        document = await self.documents.by_slug(slug) or Document(slug=slug, title="", text="", digest="")
        if document.digest == digest:
            return False
        document.sqlmodel_update({"title": title_of(text, slug), "text": text, "digest": digest, "updated_at": now()})
        await self.documents.add(document)
        await self.documents.replace_passages(document, [_row(document, piece) for piece in split(text)])
        return True

    async def replace_all(self, texts: Mapping[str, str]) -> int:
        """Make the knowledge base hold exactly these documents by slug; return how many changed."""
        removed = await self.documents.delete_others(list(texts))
        return removed + sum([await self.put(slug, text) for slug, text in texts.items()])


def _row(document: Document, piece: passages.Passage) -> Passage:
    return Passage(
        document_id=document.id or 0,
        title=document.title,
        heading=piece.heading,
        start=piece.start,
        end=piece.end,
        text=piece.text,
    )
