"""Asking: from a question to an answer that is being written."""

from collections.abc import Sequence
from uuid import uuid4

from sqlalchemy.exc import IntegrityError

from app.ai.providers import Prompt, Source, Turn
from app.config import Settings
from app.errors import Conflict, Invalid, NotFound
from app.models.base import now
from app.models.conversation import (
    Citation,
    Conversation,
    FirstQuestionForm,
    Message,
    QuestionForm,
    Role,
    Status,
    Thread,
    ask_key,
    title_from,
)
from app.models.user import User
from app.repositories.answers import AnswerRepository
from app.repositories.conversations import ConversationRepository
from app.services.answer_service import AnswerService, Job
from app.services.chat_service import View, references_of
from app.services.search_service import Found, SearchService

HISTORY_CHARACTERS = 24_000  # of earlier turns that go along with a question, newest first


class StillAnswering(Conflict):
    title = "One at a time"
    message = "The last answer is still being written. Wait until it ends, or stop it, then send this again."


class AskingService:
    def __init__(
        self, conversations: ConversationRepository, search: SearchService, answers: AnswerService, settings: Settings
    ) -> None:
        self.conversations = conversations
        self.search = search
        self.answers = answers
        self.settings = settings

    async def begin(self, user: User, form: FirstQuestionForm, *, public_key: str | None = None) -> Conversation:
        """Open a conversation with its first question."""
        return (await self.open(user, form, public_key=public_key)).conversation

    async def open(self, user: User, form: FirstQuestionForm, *, public_key: str | None = None) -> View:
        """The same, and what there is of its answer by then."""
        conversation = Conversation(
            user_id=user.id, title=title_from(form.content), instructions=form.instructions, ask_key=public_key
        )
        return await self._ask(conversation, form, None, [])

    async def ask(self, conversation: Conversation, form: QuestionForm) -> View:
        """Store a question under the answer it follows (the newest, if the form names none), and begin its answer."""
        history = await self.conversations.messages(conversation)
        leaf = Thread.through(history, form.parent).leaf
        return await self._ask(conversation, form, leaf.id if leaf else None, history)

    async def revise(self, conversation: Conversation, question: Message, form: QuestionForm) -> View:
        """Ask an edited question in place of an earlier one, which stays reachable beside it.

        Not on a public page: it is known by its question.
        """
        if conversation.is_public:
            raise NotFound
        history = await self.conversations.messages(conversation)
        return await self._ask(conversation, form, question.parent_id, history)

    async def retry(self, conversation: Conversation, answer: Message) -> View:
        """Answer the same question again; the earlier answer stays reachable beside it."""
        history = await self.conversations.messages(conversation)
        question = next((message for message in history if message.id == answer.parent_id), None)
        if question is None:
            raise NotFound
        return await self._answer(conversation, question, history, await self.search.find(question.text))

    async def go_on(self, conversation: Conversation, answer: Message) -> View:
        """Let an answer that ended too early continue where it stopped."""
        if answer.status == Status.COMPLETE:
            raise Conflict("This answer is complete already.")
        history = await self.conversations.messages(conversation)
        citations = (await self.conversations.citations([answer.id or 0]))[answer.id or 0]
        await self._reclaim(answer)
        conversation.sqlmodel_update({"deleted_at": None})
        sources = [source_from(citation) for citation in citations]
        return self._start(conversation, Thread.through(history, answer.id), answer, citations, sources)

    async def stop(self, answer: Message) -> None:
        """Ask for the end of an answer, whichever process writes it."""
        if not answer.is_streaming:
            return
        await self.conversations.add(answer.sqlmodel_update({"stop_requested": True}))
        self.conversations.after_commit(lambda: self.answers.stop(answer.id or 0))

    async def stored_answer(self, question: str) -> Conversation | None:
        """The public page that already answers this question from the present documents."""
        if not question.strip():
            return None
        return await self.conversations.answered(await self._key(question, ""))

    async def ask_publicly(self, user: User, form: QuestionForm) -> Conversation:
        """Open a public page for a question."""
        return await self.begin(
            user, FirstQuestionForm.model_validate(form), public_key=await self._key(form.content, form.model)
        )

    async def _key(self, question: str, model: str) -> str:
        return ask_key(question, self._model(model), await self.search.version())

    async def _ask(
        self, conversation: Conversation, form: QuestionForm, parent_id: int | None, history: Sequence[Message]
    ) -> View:
        self._check(form)
        found = await self.search.find(form.content)  # before the first write, which other writers wait for
        question = Message(conversation_id=conversation.id, parent_id=parent_id, role=Role.USER, text=form.content)
        conversation.model = self._model(form.model or conversation.model)
        await self.conversations.add_all([conversation, question])
        return await self._answer(conversation, question, [*history, question], found)

    def _check(self, form: QuestionForm) -> None:
        longest = self.settings.max_question_length
        if len(form.content) > longest:
            raise Invalid(
                f"This has {len(form.content):,} characters, and {longest:,} are the most. Please shorten it."
            )

    def _model(self, name: str) -> str:
        menu = self.answers.provider.models
        return name if name in menu else menu[0]

    async def _claim(self, answer: Message) -> Message:
        """The database lets one answer of a conversation stream at a time."""
        try:
            return await self.conversations.add(answer)
        except IntegrityError as error:
            raise StillAnswering from error

    async def _reclaim(self, answer: Message) -> None:
        """Become the one who continues it: of two who ask at once, the database lets one."""
        try:
            claimed = await AnswerRepository(self.conversations.session).claim(answer.id or 0, uuid4().hex)
        except IntegrityError as error:
            raise StillAnswering from error
        if not claimed:
            raise StillAnswering
        await self.conversations.session.refresh(answer)

    async def _answer(
        self, conversation: Conversation, question: Message, history: Sequence[Message], found: Sequence[Found]
    ) -> View:
        """Store an empty answer with its sources, and begin to write it."""
        answer = Message(
            conversation_id=conversation.id,
            parent_id=question.id,
            role=Role.ASSISTANT,
            status=Status.STREAMING,
            model=conversation.model,
            heartbeat_at=now(),
            writer=uuid4().hex,
        )
        conversation.sqlmodel_update({"updated_at": now(), "deleted_at": None})  # a tab left open brings it back
        await self._claim(answer)
        citations = [each.citation(number, answer.id or 0) for number, each in enumerate(found, 1)]
        await self.conversations.cite(citations)
        sources = [each.source(number) for number, each in enumerate(found, 1)]
        thread = Thread.through([*history, answer], answer.id)
        known = () if found else await self.search.titles()
        return self._start(conversation, thread, answer, citations, sources, known)

    def _start(
        self,
        conversation: Conversation,
        thread: Thread,
        answer: Message,
        citations: list[Citation],
        sources: Sequence[Source],
        known: Sequence[str] = (),
    ) -> View:
        """Begin to write once the transaction is in; return what a page shows of it by then."""
        prompt = Prompt(
            model=answer.model,
            turns=_history(thread, answer),
            sources=tuple(sources),
            instructions=conversation.instructions,
            known=tuple(known),
            continuation=answer.text,
        )
        job = Job(answer.id or 0, answer.writer, prompt, references_of(citations))
        self.conversations.after_commit(lambda: self.answers.start(job))
        return View(conversation, thread, {answer.id or 0: citations}, mine=True)


def source_from(citation: Citation) -> Source:
    """What an answer that goes on is told of its sources: the quotes that it was given numbers for."""
    return Source(citation.number, citation.title, citation.heading, citation.quote, citation.quote)


def _history(thread: Thread, answer: Message) -> tuple[Turn, ...]:
    """The turns up to the question, oldest first; the oldest fall away when there are too many."""
    kept: list[Turn] = []
    room = HISTORY_CHARACTERS
    before = [turn.message for turn in thread.turns if turn.message.text and (turn.message.id or 0) < (answer.id or 0)]
    for message in reversed(before):
        room -= len(message.text)
        if room < 0 and kept:
            break
        kept.insert(0, Turn("user" if message.role == Role.USER else "assistant", message.text))
    return tuple(kept)
