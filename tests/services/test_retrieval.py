"""Search over the project's own documents: it finds the page that answers, and nothing where none does."""

from collections.abc import AsyncIterator

import pytest

from app.config import ROOT
from app.db import Database
from app.repositories.documents import DocumentRepository
from app.services.search_service import SearchService

ANSWERED = {
    "What is FastOpp?": "index",
    "Does FastOpp have user accounts?": "accounts",
    "How is FastOpp different from Django?": "index",
    "How do I install it?": "getting-started",
    "How do I use Ollama?": "getting-started",
    "Can I use OpenRouter?": "getting-started",
    "How do I add a new page?": "adding-a-page",
    "How do I create a migration?": "adding-a-page",
    "How do I write a service?": "adding-a-page",
    "Where do I put business logic?": "architecture",
    "Who may import whom?": "architecture",
    "How are errors handled?": "architecture",
    "How does streaming work?": "streaming",
    "What is the cursor?": "streaming",
    "How do I stop an answer?": "streaming",
    "What happens when the server crashes in the middle of an answer?": "streaming",
    "Can I write JavaScript?": "hypermedia",
    "What does the content security policy allow?": "hypermedia",
    "How do I open a dialog?": "hypermedia",
    "How do I change the port?": "configuration",
    "Which environment variables are there?": "configuration",
    "How many questions may a guest ask?": "configuration",
    "How do I open a shell?": "cli",
    "How do I run the tests?": "testing",
    "How do I configure NGINX?": "deployment",
    "How do I back up the database?": "deployment",
    "Is there a health check?": "deployment",
    "How do I make an admin?": "accounts",
    "How do I restrict a page to signed-in people?": "accounts",
    "How do I check a permission?": "accounts",
    "How do people register?": "accounts",
    "How do I write to the audit log?": "accounts",
    "What is the second factor?": "accounts",
    "How do I report a vulnerability?": "security",
    "What happens when the secret key is lost?": "security",
    "How do I send a mail?": "mail",
    "Where do I read mails in development?": "mail",
    "What happens when the mail server is down?": "mail",
    "How are documents split into passages?": "knowledge-base",
    "How do citations work?": "knowledge-base",
    "What does the offline answerer do?": "knowledge-base",
}
FIRST = ("How do I add a new page?", "How do I create a migration?", "What is the cursor?", "How do I configure NGINX?")
UNANSWERED = (
    "What is the capital of France?",
    "Who won the world cup in 1998?",
    "How do I bake bread?",
    "How tall is Mount Everest?",
    "Translate good morning into Spanish",
    "Who wrote Hamlet?",
    "How do I change a tyre?",
    "How do I stop smoking?",
    "What time is it in Tokyo?",
    "How many legs does a spider have?",
    "Recommend a good restaurant in Berlin",
    "asdf qwerty zxcv",
    "why?",
    "\0\ufffd\x01",
)


@pytest.fixture
async def search(database_url: str) -> AsyncIterator[SearchService]:
    """Search over `docs/` as `fastopp seed` leaves it."""
    database = Database(database_url)
    async with database.transaction() as session:
        service = SearchService(DocumentRepository(session))
        await service.replace_all({page.stem: page.read_text() for page in (ROOT / "docs").glob("*.md")})
        yield service
    await database.close()


async def pages(search: SearchService, question: str) -> list[str]:
    return [found.slug for found in await search.find(question)]


async def test_the_page_that_answers_is_among_the_first_three_sources(search: SearchService) -> None:
    missed = [question for question, page in ANSWERED.items() if page not in (await pages(search, question))[:3]]
    assert len(missed) <= 0.1 * len(ANSWERED), missed


@pytest.mark.parametrize("question", FIRST)
async def test_the_page_that_answers_is_the_first_source(search: SearchService, question: str) -> None:
    assert (await pages(search, question))[0] == ANSWERED[question]


async def test_the_quotation_for_a_new_page_says_what_to_create(search: SearchService) -> None:
    [found, *_] = await search.find("How do I add a new page?")
    assert found.quote.startswith(
        "To add a new page, create a route in `app/routes/` and a template in `app/templates/`"
    )
    document = await search.document(found.slug)
    assert document.text[found.start : found.end] == found.quote


async def test_questions_about_other_things_have_no_source(search: SearchService) -> None:
    assert [question for question in UNANSWERED if await pages(search, question)] == []
