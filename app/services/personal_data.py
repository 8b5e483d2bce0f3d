"""All that is stored of one person, to take along."""

from typing import Any

from app.models.user import User
from app.services.account_service import AccountService
from app.services.api_token_service import ApiTokenService
from app.services.audit_service import AuditService
from app.services.chat_service import ChatService


class PersonalData:
    def __init__(
        self, accounts: AccountService, audit: AuditService, tokens: ApiTokenService, chat: ChatService
    ) -> None:
        self.accounts = accounts
        self.audit = audit
        self.tokens = tokens
        self.chat = chat

    async def of(self, user: User) -> dict[str, Any]:
        """As plain data."""
        return await self.accounts.export(user) | {
            "api_tokens": await self.tokens.export(user),
            "history": await self.audit.export(user),
            "conversations": await self.chat.export_all(user),
        }
