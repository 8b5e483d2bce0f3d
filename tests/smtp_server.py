"""A real SMTP server on 127.0.0.1, which keeps what it is given."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.e2e.server import free_port


class SmtpServer:
    """What came in, and whom to refuse. `url` is what `SMTP_URL` takes."""

    def __init__(self, port: int, login: tuple[str, str] | None, refuse: Sequence[str]) -> None:
        self.port = port
        self.login = login
        self.refuse = refuse
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []

    @property
    def url(self) -> str:
        user = f"{self.login[0]}:{self.login[1]}@" if self.login else ""
        return f"smtp://{user}127.0.0.1:{self.port}"

    def to(self, recipient: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if mail["To"] == recipient]

    # What aiosmtpd calls

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refuse:
            return "550 5.1.1 Nobody of that name lives here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        self.envelopes.append(envelope)
        self.mails.append(message_from_bytes(envelope.content, _class=EmailMessage, policy=default))
        return "250 OK"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=given == self.login, handled=False)


@contextmanager
def running_smtp(
    port: int = 0, *, login: tuple[str, str] | None = None, refuse: Sequence[str] = ()
) -> Iterator[SmtpServer]:
    """The server in a thread of its own; with a `login` it takes mails from that user only."""
    server = SmtpServer(port or free_port(), login, refuse)
    auth: dict[str, Any] = {}
    if login:
        auth = {"auth_required": True, "auth_require_tls": False, "authenticator": server.authenticate}
    controller = Controller(server, hostname="127.0.0.1", port=server.port, **auth)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
