"""Guests: whoever asks before they have an account."""

from datetime import timedelta

from app.config import Settings
from app.errors import TooManyRequests
from app.models.base import now
from app.models.user import User
from app.repositories.conversations import ConversationRepository
from app.repositories.users import UserRepository


class DailyLimitReached(TooManyRequests):
    title = "That was all for today"
    account_helps = True


class GuestService:
    def __init__(self, users: UserRepository, conversations: ConversationRepository, settings: Settings) -> None:
        self.users = users
        self.conversations = conversations
        self.settings = settings

    async def create(self) -> User:
        return await self.users.add(User.guest())

    async def check_allowance(self, user: User) -> None:
        """Raise `DailyLimitReached` when a guest has asked as much as a day allows."""
        limit = self.settings.guest_daily_questions
        midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
        if not user.is_guest or await self.conversations.questions_since(user.id, midnight) < limit:
            return
        seconds = int((midnight + timedelta(days=1) - now()).total_seconds())
        raise DailyLimitReached(
            f"Guests may ask {limit} question{'s' if limit != 1 else ''} a day. You can ask again after midnight UTC; "
            "everything you have asked so far stays here to read.",
            retry_after=seconds,
        )

    async def adopt(self, guest: User, user: User) -> None:
        """What a guest has written is this person's from now on; the guest goes. Does nothing to an account."""
        if guest.is_guest:
            await self.users.adopt(guest, user)
