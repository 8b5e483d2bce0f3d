"""One mail and the SMTP server: how it is put together, handed in, and refused."""

import re
from email.errors import MessageError
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from email.utils import parseaddr

import aiosmtplib

from app.config import Settings, SmtpServer, is_loopback
from app.models.mail import Mail

METHOD = re.compile(r"^METHOD:(\w+)", re.MULTILINE)
PERMANENT = 500  # and above: the server will say the same tomorrow


class InOneLine(UnstructuredHeader):
    """A header of an address, which folding would write in words that mail programs do not read there."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"  # type: ignore[attr-defined]


HEADERS = HeaderRegistry()
HEADERS.map_to_type("list-unsubscribe", InOneLine)  # type: ignore[arg-type]
POLICY = SMTP.clone(header_factory=HEADERS)


class Unsendable(Exception):
    """No mail can be made of this, as when the recipient is no address."""


class SmtpClient:
    """Hands mails to one server, over a connection each."""

    def __init__(self, settings: Settings, server: SmtpServer) -> None:
        """STARTTLS is used where it is offered; a password goes over nothing less, except within this machine."""
        self.sender = settings.mail_from
        public = settings.public_url.host or ""
        self.host = "localhost" if is_loopback(public) else public  # no bare number, which some servers refuse
        local = is_loopback(server.host)
        self.options = {
            "hostname": server.host,
            "port": server.port,
            "username": server.username or None,
            "password": server.password or None,
            "use_tls": server.implicit_tls,
            "start_tls": False if server.implicit_tls else (True if server.password and not local else None),
            "validate_certs": not local,  # the mail server of a machine often made its certificate itself
            "local_hostname": self.host,  # which aiosmtplib would look up, and hold up everything meanwhile
        }

    async def hand_in(self, mail: Mail) -> None:
        """Return when the server has taken the mail; raise when it has not."""
        message = compose(mail, self.sender, self.host)
        sender = parseaddr(self.sender)[1]
        await aiosmtplib.send(message, sender=sender, recipients=[mail.recipient], **self.options)  # type: ignore[arg-type]


def compose(mail: Mail, sender: str, host: str) -> EmailMessage:
    """Make the message, which has its id from the row: a mail that is sent again is known to be the same."""
    message = EmailMessage(policy=POLICY)
    try:
        message["To"] = Address(addr_spec=mail.recipient)
        message["Subject"] = mail.subject
    except (ValueError, IndexError, MessageError):
        raise Unsendable("The address is not one that mail can be sent to.") from None
    message["From"] = sender
    message["Date"] = mail.created_at
    message["Message-ID"] = f"<mail-{mail.id}-{mail.created_at.timestamp():.0f}@{host}>"
    message["Auto-Submitted"] = "auto-generated"
    if mail.unsubscribe:
        message["List-Unsubscribe"] = f"<{mail.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    if method := METHOD.search(mail.calendar):
        message.add_alternative(mail.calendar, subtype="calendar", params={"method": method[1]})
    return message


def is_final(error: Exception) -> bool:
    """Whether another try is pointless: this mail or its recipient was refused for good.

    What the server has against the sender or the password is a matter of settings, which somebody may still mend.
    """
    match error:
        case Unsendable():
            return True
        case aiosmtplib.SMTPRecipientsRefused():
            return all(refused.code >= PERMANENT for refused in error.recipients)
        case aiosmtplib.SMTPDataError():
            return error.code >= PERMANENT
        case _:
            return False


def in_words(error: Exception) -> str:
    """What is kept of an error, for whoever looks into the outbox."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return " ".join(f"{refused.code} {refused.message}" for refused in error.recipients)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{error.code} {error.message}"
    return f"{type(error).__name__}: {error}".removesuffix(": ")
