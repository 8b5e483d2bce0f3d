"""The search in one's conversations: what it shows of a hit, and that no query can keep the server busy."""

import time
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.ai.passages import MAX_TERMS, terms
from app.models.conversation import Conversation, Message, Role
from app.models.user import User
from app.repositories.conversations import ConversationRepository, Hit
from app.repositories.documents import DocumentRepository
from app.services.chat_service import MAX_WORDS, ChatService
from app.services.search_service import SearchService
from tests.browser import Browser
from tests.waiting import ended

LONG = 20_000  # characters, as many as a question may have


async def write(app: FastAPI, browser: Browser, *texts: str) -> UUID:
    """A conversation that holds these messages besides; returns its id."""
    path = await browser.start("Hello")
    await ended(browser, path)
    id = UUID(path.removeprefix("/chat/"))
    async with app.state.database.transaction() as session:
        session.add_all([Message(conversation_id=id, role=Role.USER, text=text) for text in texts])
    return id


async def search(app: FastAPI, conversation_id: UUID, query: str) -> list[Hit]:
    async with app.state.database.transaction() as session:
        conversation = await session.get_one(Conversation, conversation_id)
        user = await session.get_one(User, conversation.user_id)
        return await ChatService(ConversationRepository(session)).list(user, query)


async def test_many_words_against_long_messages_take_no_time(app: FastAPI, browser: Browser) -> None:
    words = [first + second for first in "bcdfg" for second in "aeiouvwx"]
    text = (" ".join(words) + " ") * (LONG // 120)
    id = await write(app, browser, *[text] * 5)
    began = time.perf_counter()
    hits = await search(app, id, " ".join(words))
    assert time.perf_counter() - began < 1
    assert hits and hits[0].snippet


async def test_words_count_once_and_only_the_first_few(app: FastAPI, browser: Browser) -> None:
    words = [f"word{letter}" for letter in "abcdefgh"]
    id = await write(app, browser, " ".join(words))
    assert len(words) == MAX_WORDS
    assert await search(app, id, " ".join([*words, "missing"])), "what comes after the eighth is not asked for"
    assert await search(app, id, " ".join([*words[:1] * 5, "WORDA", words[1]]))
    assert not await search(app, id, " ".join(["worda"] * MAX_WORDS + ["missing"])), "a repeated word takes no room"


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("She studied the study of studies.", "studying", "She [studied] the [study] of [studies]."),
        ("Tulips are red.", "tulip", "[Tulips] are red."),
        ("one two\nthree four five (six) seven", "six", "…two three four five ([six]) seven"),
        (
            "needle " + " ".join(f"w{number}" for number in range(20)),
            "needle",
            "[needle] w0 w1 w2 w3 w4 w5 w6 w7 w8…",
        ),
        ("a+b (c) [d] \\", "a b", "[a]+[b] (c) [d] \\"),
    ],
)
async def test_a_snippet_shows_the_words_around_the_first_hit(
    app: FastAPI, browser: Browser, text: str, query: str, shown: str
) -> None:
    hits = await search(app, await write(app, browser, text), query)
    assert [hit.snippet.replace("\ue000", "[").replace("\ue001", "]") for hit in hits] == [shown]


async def test_the_best_message_of_a_conversation_is_shown(app: FastAPI, browser: Browser) -> None:
    id = await write(app, browser, "bread " + "and other things " * 200, "bread, bread and bread")
    (hit,) = await search(app, id, "bread")
    assert hit.snippet.count("\ue000") == 3


async def test_a_long_question_to_the_documents_takes_no_time(app: FastAPI) -> None:
    question = " ".join(f"word{number}" for number in range(LONG // 8))
    assert len(terms(question)) == MAX_TERMS
    async with app.state.database.transaction() as session:
        documents = SearchService(DocumentRepository(session))
        await documents.put("long", "# Long\n\n" + "\n\n".join(f"word{number} is a word." for number in range(2000)))
        await documents.find("warm up")
        began = time.perf_counter()
        await documents.find(question)
        assert time.perf_counter() - began < 0.1
