"""Passwords: which are good enough, and their hashes, made away from the event loop."""

import asyncio
import gzip
import re
import secrets
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from fastapi_users.password import PasswordHelper
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.config import Settings
from app.errors import Invalid, Unavailable

COMMON = Path(__file__).resolve().parents[1] / "vendor" / "common-passwords.txt.gz"
MAX_LENGTH = 256  # characters
APP = "FastOpp"  # what attackers try first, with a year behind it
MAX_TYPED = 4 * MAX_LENGTH  # characters before normalising, which joins up to four; of far more it takes minutes
WORKERS = 2  # each hash takes `password_memory` and four threads for some 50 ms
MOST_WAITING = 50  # hashes under way and in the queue; the last of them waits for a second or two
RETRY_AFTER = 5  # seconds
LONGEST_PIECE = 8  # characters of what a password may not be repetitions of
SHORTEST_WORD = 3  # characters of what a person's data may forbid; initials would forbid too much
ROWS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "qwertzuiop", "qwertyuiopasdfghjklzxcvbnm")

Result = TypeVar("Result")


class WeakPassword(Invalid):
    title = "Please choose another password"

    def __init__(self, message: str) -> None:
        super().__init__(message, field="new_password")


class Passwords:
    """The app's passwords: rules, and argon2id hashes. One for each app; `close()` ends its threads."""

    def __init__(self, settings: Settings) -> None:
        self.min_length = settings.password_min_length
        self.helper = PasswordHelper(PasswordHash((Argon2Hasher(memory_cost=settings.password_memory),)))
        self.executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="passwords")
        # Of a password that nobody knows. First in the queue, so whoever needs it finds it made.
        self.nobodys = self.executor.submit(self.helper.hash, secrets.token_urlsafe())
        self.waiting = 0

    def check(self, password: str, *, about: Sequence[str] = ()) -> None:
        """Raise `WeakPassword` for what is guessed soon. `about`: the person's address and name."""
        if len(password) > MAX_TYPED or len(text := normalise(password)) > MAX_LENGTH:
            raise WeakPassword(f"Please use at most {MAX_LENGTH} characters.")
        if len(text) < self.min_length:
            raise WeakPassword(f"Please use at least {self.min_length} characters. Several words make a good password.")
        text = text.casefold()
        if repeats(text) or is_in_order(text):
            raise WeakPassword("This password repeats itself or is in a plain order, so it is guessed soon.")
        if {text, core(text)} & common_passwords():
            raise WeakPassword("Many people use this password, so it is among the first to be guessed.")
        if {bare(text), core(text)} & set(words((*about, APP))):
            raise WeakPassword(
                "This password is a part of your address or name, or of this site's, so it is guessed soon."
            )

    async def hash(self, password: str) -> str:
        """The hash to store of a password that passed `check`; raise `Unavailable` when too many wait."""
        return await self._run(lambda: self.helper.hash(normalise(password)))

    async def verify(self, password: str, hashed: str) -> tuple[bool, str | None]:
        """Whether it is this password, and its new hash when the stored one should be replaced.

        With `hashed` empty, for an unknown address or an account without password, it takes as long and says no.
        Raise `Unavailable` when too many wait.
        """
        if len(password) > MAX_TYPED:
            password = hashed = ""
        return await self._run(lambda: self._verify(normalise(password), hashed))

    def close(self) -> None:
        self.executor.shutdown(wait=False, cancel_futures=True)

    def _verify(self, password: str, hashed: str) -> tuple[bool, str | None]:
        if hashed:
            return self.helper.verify_and_update(password, hashed)
        self.helper.verify_and_update(password, self.nobodys.result())
        return False, None

    async def _run(self, work: Callable[[], Result]) -> Result:
        if self.waiting >= MOST_WAITING:
            raise Unavailable("Many people are signing in right now. Please try again soon.", retry_after=RETRY_AFTER)
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self.executor, work)
        finally:
            self.waiting -= 1


@cache
def common_passwords() -> frozenset[str]:
    return frozenset(gzip.decompress(COMMON.read_bytes()).decode().splitlines())


def normalise(password: str) -> str:
    """One spelling for what keyboards spell differently; half a surrogate pair, which has no bytes, is written out."""
    return unicodedata.normalize("NFKC", password.encode(errors="backslashreplace").decode())


def repeats(text: str) -> bool:
    """Whether it is a short piece again and again; the last may be cut off."""
    longest = min(LONGEST_PIECE, len(text) // 2)
    return any(text[size:] == text[:-size] for size in range(1, longest + 1))


def is_in_order(text: str) -> bool:
    """Whether each character follows the one before, in either direction, in Unicode or on a keyboard."""
    if {ord(after) - ord(before) for before, after in pairwise(text)} in ({1}, {-1}):
        return True
    return any(each in row * (len(text) // len(row) + 2) for row in ROWS for each in (text, text[::-1]))


def words(about: Sequence[str]) -> Iterator[str]:
    """What a password may not be: each text, what is before its @, and its words, all with and without their digits."""
    for text in about:
        folded = normalise(text).casefold()
        for word in (folded, folded.split("@")[0], *re.split(r"[\W_]+", folded)):
            yield from (each for each in (bare(word), core(word)) if len(each) >= SHORTEST_WORD)


def bare(text: str) -> str:
    """Its letters and digits."""
    return re.sub(r"[\W_]+", "", text)


def core(text: str) -> str:
    """What is left without the digits around it."""
    return re.sub(r"^\d+|\d+$", "", bare(text))
