"""Asking: from a question to an answer that is being written."""

from collections.abc import Sequence

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
from app.repositories.conversations import ConversationRepository
from app.services.answer_service import AnswerService, Job
from app.services.chat_service import references_of
from app.services.search_service import SearchService

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
        conversation = Conversation(
            user_id=user.id,
            title=title_from(form.content),
            instructions=form.instructions,
            model=self._model(form.model),
            ask_key=public_key,
        )
        await self.conversations.add(conversation)
        await self.ask(conversation, form)
        return conversation

    async def ask(self, conversation: Conversation, form: QuestionForm) -> Message:
        """Store a question under the answer it follows (the newest, unless the form names one); return its answer."""
        thread = Thread.through(await self.conversations.messages(conversation), form.parent)
        return await self._ask(conversation, form, thread.leaf.id if thread.leaf else None)

    async def revise(self, conversation: Conversation, question: Message, form: QuestionForm) -> Message:
        """Ask an edited question in place of an earlier one, which stays reachable beside it."""
        return await self._ask(conversation, form, question.parent_id)

    async def retry(self, conversation: Conversation, answer: Message) -> Message:
        """Answer the same question again; the earlier answer stays reachable beside it."""
        found = await self.conversations.message(answer.parent_id or 0)
        if found is None:
            raise NotFound
        return await self._answer(conversation, found[0])

    async def go_on(self, conversation: Conversation, answer: Message) -> Message:
        """Let an answer that ended too early continue where it stopped."""
        if answer.status not in (Status.INTERRUPTED, Status.STOPPED, Status.FAILED):
            raise Conflict("This answer is complete already.")
        begun = {"status": Status.STREAMING, "error": "", "stop_requested": False, "heartbeat_at": now()}
        await self._claim(answer.sqlmodel_update(begun))
        cited = (await self.conversations.citations([answer.id or 0]))[answer.id or 0]
        await self._start(conversation, answer, [source_from(citation) for citation in cited])
        return answer

    async def stop(self, answer: Message) -> None:
        """Ask for the end of an answer, whichever process writes it."""
        if not answer.is_streaming:
            return
        await self.conversations.add(answer.sqlmodel_update({"stop_requested": True}))
        self.conversations.after_commit(lambda: self.answers.stop(answer.id or 0))

    async def stored_answer(self, question: str) -> Conversation | None:
        """The public page that already answers this question from the present documents."""
        return await self.conversations.answered(await self._key(question, ""))

    async def ask_publicly(self, user: User, form: QuestionForm) -> Conversation:
        """Open a public page for a question."""
        return await self.begin(
            user, FirstQuestionForm.model_validate(form), public_key=await self._key(form.content, form.model)
        )

    async def _key(self, question: str, model: str) -> str:
        return ask_key(question, self._model(model), await self.search.documents.version())

    async def _ask(self, conversation: Conversation, form: QuestionForm, parent_id: int | None) -> Message:
        self._check(form)
        conversation.model = self._model(form.model or conversation.model)
        question = Message(conversation_id=conversation.id, parent_id=parent_id, role=Role.USER, text=form.content)
        return await self._answer(conversation, await self.conversations.add(question))

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

    async def _answer(self, conversation: Conversation, question: Message) -> Message:
        """Store an empty answer with its sources, and begin to write it once the transaction is in."""
        answer = Message(
            conversation_id=conversation.id,
            parent_id=question.id,
            role=Role.ASSISTANT,
            status=Status.STREAMING,
            model=conversation.model,
            heartbeat_at=now(),
        )
        await self._claim(answer)
        conversation.updated_at = now()
        found = await self.search.find(question.text)
        await self.conversations.add_all(
            [each.citation(number, answer.id or 0) for number, each in enumerate(found, 1)]
        )
        await self._start(conversation, answer, [each.source(number) for number, each in enumerate(found, 1)])
        return answer

    async def _start(self, conversation: Conversation, answer: Message, sources: Sequence[Source]) -> None:
        thread = Thread.through(await self.conversations.messages(conversation), answer.id)
        citations = await self.conversations.citations([answer.id or 0])
        prompt = Prompt(
            model=answer.model,
            turns=_history(thread, answer),
            sources=tuple(sources),
            instructions=conversation.instructions,
            known=tuple(await self.search.documents.titles()),
            continuation=answer.text,
        )
        job = Job(answer.id or 0, prompt, references_of(citations[answer.id or 0]))
        self.conversations.after_commit(lambda: self.answers.start(job))


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
