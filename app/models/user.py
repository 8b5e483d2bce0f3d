"""People: guests from their first question on, accounts when they sign up; their sessions and their forms."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID, uuid4

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, SecretStr, StringConstraints, WithJsonSchema
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from app.models.base import Timestamp, now

LONGEST_PASSWORD = 256
JOINERS = "\u200c\u200d"  # invisible, but some scripts and emoji are written with them
NO_ADDRESS = "This is not an e-mail address that mail can be sent to."
IMPERSONATED_FOR = timedelta(hours=1)  # at the most
CONFIRMED_FOR = timedelta(minutes=10)  # after that, sensitive acts ask for the password again
HOME = "/chat"  # where a person goes who wanted to go nowhere in particular


class User(SQLModel, table=True):
    """Whoever owns conversations. A guest is a user without an address of their own or a password.

    `totp_secret` is sealed with a key of the settings; `totp_step` is the last time step of which a code was used.
    """

    __table_args__ = (Index("ix_user_figures", "created_at", "is_guest"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    email: str = Field(max_length=320, unique=True, index=True)
    name: str = Field(default="", max_length=100)
    hashed_password: str = Field(default="", max_length=1024)
    is_active: bool = True
    is_superuser: bool = False
    is_staff: bool = False
    is_verified: bool = False
    is_guest: bool = False
    totp_secret: str = Field(default="", max_length=500)
    totp_step: int | None = None
    created_at: datetime = Timestamp(default_factory=now, index=True)

    @property
    def has_second_factor(self) -> bool:
        return bool(self.totp_secret)

    @property
    def is_trusted(self) -> bool:
        """Whether this person may see more than their own."""
        return self.is_staff or self.is_superuser

    @property
    def called(self) -> str:
        return self.name or self.email

    @classmethod
    def guest(cls) -> "User":
        """Make a guest; RFC 2606 keeps `.invalid` free, so nobody can own the address."""
        id = uuid4()
        return cls(id=id, email=f"{id.hex}@guest.invalid", is_guest=True)


class AccessToken(SQLModel, table=True):
    """One session. `token` is the keyed digest of what the cookie holds, so a stolen table opens nothing.

    `confirmed_at` is when its person last signed in or gave their password again.
    While they see the site as somebody else, `as_since` says since when, `as_user_id` as whom, and `as_may_write`
    whether they may change something.
    """

    __tablename__ = "access_token"

    token: str = Field(primary_key=True, max_length=64)
    user_id: UUID = Field(foreign_key="user.id", index=True, ondelete="CASCADE")
    created_at: datetime = Timestamp(default_factory=now, index=True)
    seen_at: datetime | None = Timestamp(default=None, nullable=True)
    confirmed_at: datetime | None = Timestamp(default=None, nullable=True)
    device: str = Field(default="", max_length=300)
    address: str = Field(default="", max_length=45)
    as_user_id: UUID | None = Field(default=None, foreign_key="user.id", index=True, ondelete="SET NULL")
    as_may_write: bool = False
    as_since: datetime | None = Timestamp(default=None, nullable=True)

    @property
    def watched_as(self) -> str:
        return watch_key(self.token, self.as_user_id, self.as_since)

    @property
    def handle(self) -> str:
        """Names the session in forms: a part of the digest, of no use to anybody else."""
        return self.token[:16]


def watch_key(token: str, as_user_id: UUID | None, as_since: datetime | None) -> str:
    """Names a session and as whom it sees the site: a stream ends with the one or the other."""
    return f"{token}:{as_user_id}:{as_since.isoformat()}" if as_since else token


class RecoveryCode(SQLModel, table=True):
    """A code that stands in once for a lost second factor; a keyed digest of it."""

    __tablename__ = "recovery_code"

    digest: str = Field(primary_key=True, max_length=64)
    user_id: UUID = Field(foreign_key="user.id", index=True, ondelete="CASCADE")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request comes from: an IP address and what the browser calls itself."""

    address: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class Impersonation:
    """A superuser, `by`, who sees the site as another `user`."""

    by: User
    user: User
    may_write: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """Whose session a request came with; with an `impersonation`, as whom a superuser sees the site."""

    user: User
    session: AccessToken
    impersonation: Impersonation | None = None

    @property
    def is_confirmed(self) -> bool:
        return not self.impersonation and bool(
            self.session.confirmed_at and self.session.confirmed_at > now() - CONFIRMED_FOR
        )


# What forms hold


def clean_address(typed: str) -> str:
    """An e-mail address as it is stored: of ASCII alone, so that no two look alike, and in lower case."""
    try:
        found = validate_email(typed.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        raise ValueError(NO_ADDRESS) from error
    if not typed.isascii() and found.domain != typed.strip().rpartition("@")[2]:
        raise ValueError(NO_ADDRESS)  # letters that another address is spelled with, once they are made plain
    return f"{found.local_part}@{found.ascii_domain}".lower()


def clean_name(typed: str) -> str:
    """A name without characters that cannot be seen, which could forge headers or turn the text around."""
    name = " ".join(unicodedata.normalize("NFC", typed).split(" "))
    if any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") and c not in JOINERS for c in name):
        raise ValueError("A name may not have line breaks or invisible characters.")
    return name.strip()


def given_name(typed: str) -> str:
    """The same, which cannot be left out."""
    name = clean_name(typed)
    if not name.strip(JOINERS):
        raise ValueError("Name is needed.")
    return name


def own_path(typed: str) -> str:
    """A path of this site, or the way home: nobody is sent elsewhere by a link that looks like ours."""
    odd = any(c <= " " or c == "\\" or c == "\x7f" for c in typed)
    return HOME if odd or not typed.startswith("/") or typed.startswith("//") else typed


Address = Annotated[
    str,
    StringConstraints(max_length=254),
    AfterValidator(clean_address),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": 254}),
]
Name = Annotated[str, StringConstraints(max_length=100), AfterValidator(clean_name)]
GivenName = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(given_name)]
Password = Annotated[SecretStr, Field(max_length=LONGEST_PASSWORD)]
Code = Annotated[SecretStr, Field(max_length=64)]
Next = Annotated[str, StringConstraints(max_length=2000), AfterValidator(own_path)]


class AddressForm(SQLModel):
    email: Address
    next: Next = HOME


class SignInForm(AddressForm):
    password: Password


class CodeForm(SQLModel):
    code: Code


class NextForm(SQLModel):
    next: Next = HOME


class FinishForm(SQLModel):
    """The end of a registration: the address is known by then."""

    name: Name = ""
    new_password: Password


class NewPasswordForm(SQLModel):
    new_password: Password


class NameForm(SQLModel):
    name: Name = ""


class ChangePasswordForm(NewPasswordForm):
    current_password: Password


class ChangeAddressForm(SQLModel):
    email: Address
    current_password: Password


class SecondFactorForm(SQLModel):
    """`secret` was sealed when the form was made."""

    secret: str = Field(max_length=500)
    code: Code


class DeleteAccountForm(SQLModel):
    email: Address
