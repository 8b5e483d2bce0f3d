"""Passwords: what is refused, what is stored, and that nobody learns from the time it takes."""

import asyncio
import time
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.config import Settings
from app.errors import Unavailable
from app.services import password_service
from app.services.password_service import MAX_LENGTH, Passwords, WeakPassword, common_passwords
from tests.people import PASSWORD_MEMORY

GOOD = "correct horse battery staple"
ABOUT = ("ada.lovelace@analytical-engine.example", "Augusta Ada King", "FastOpp")


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    passwords = Passwords(Settings(password_memory=PASSWORD_MEMORY))
    yield passwords
    passwords.close()


@pytest.mark.parametrize(
    "password",
    [
        *(GOOD, "Zürich im Winter", "四月は君の嘘、五月の風と雨", "9x!7 kQ2#mLp0", "aaaaaaaaaaab", "1357924680113"),
        *("ada lovelace wrote notes", "123456789012 more", "a" * 4 + "bcdefghijkm", " " * 4 + "twelve or more"),
    ],
)
def test_good_passwords_pass_whatever_they_are_made_of(passwords: Passwords, password: str) -> None:
    passwords.check(password, about=ABOUT)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "at least 12"),
        ("elevenchars", "at least 12"),
        ("e\N{COMBINING ACUTE ACCENT}" * 6 + "abcde", "at least 12"),
        ("xy" + "\N{ZERO WIDTH SPACE}z9" * 100, "at most 256"),
        ("x9" + "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}z" * 20, "at most 256"),
        ("a\N{COMBINING ACUTE ACCENT}\N{COMBINING DOT BELOW}" * 1_000_000, "at most 256"),
        ("aaaaaaaaaaaa", "repeats"),
        ("abcABCabcABC", "repeats"),
        ("hunter2hunter2hu", "repeats"),
        ("123456789012", "plain order"),
        ("210987654321", "plain order"),
        ("abcdefghijkl", "plain order"),
        ("ZYXWVUTSRQPON", "plain order"),
        ("абвгдежзийклм", "plain order"),
        ("qwertyuiopasdf", "plain order"),
        ("counterstrike", "Many people"),
        ("CounterStrike", "Many people"),
        ("\N{FULLWIDTH LATIN SMALL LETTER C}ounterstrike", "Many people"),
        ("sunshine2024!!", "Many people"),
        ("ada.lovelace@analytical-engine.example", "your address or name"),
        ("Ada.Lovelace", "your address or name"),
        ("adalovelace1815", "your address or name"),
        ("2024 lovelace 2024", "your address or name"),
        ("augusta-ada-king", "your address or name"),
        ("FastOpp123456", "your address or name"),
    ],
)
def test_what_is_guessed_soon_is_refused(passwords: Passwords, password: str, reason: str) -> None:
    began = time.perf_counter()
    with pytest.raises(WeakPassword, match=reason):
        passwords.check(password, about=ABOUT)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("length", [12, MAX_LENGTH])
def test_lengths_are_inclusive(passwords: Passwords, length: int) -> None:
    passwords.check((GOOD + " " + "".join(map(chr, range(0x4E00, 0x4F00, 2))) * 2)[-length:])


def test_the_shortest_length_is_a_setting() -> None:
    short = Passwords(Settings(password_min_length=8))
    short.check("k3f9x2pq")
    with pytest.raises(WeakPassword, match="Many people"):
        short.check("Passw0rd")
    short.close()


def test_the_list_is_whole_and_as_it_is_compared() -> None:
    listed = common_passwords()
    assert len(listed) > 8000
    assert all(len(word) >= 8 for word in listed)
    assert all(unicodedata.normalize("NFKC", word).casefold() == word for word in listed)


@given(st.text(st.characters(), max_size=300), st.lists(st.text(st.characters(), max_size=30), max_size=3))
def test_checking_never_breaks(password: str, about: list[str]) -> None:
    passwords = object.__new__(Passwords)  # without its threads
    passwords.min_length = 12
    try:
        passwords.check(password, about=about)
    except WeakPassword as error:
        assert error.status == 422
        assert not password.strip() or password not in error.message or len(password) < 12


async def test_a_password_is_known_again_and_no_other(passwords: Passwords) -> None:
    hashed = await passwords.hash(GOOD)
    assert hashed.startswith("$argon2id$")
    assert hashed != await passwords.hash(GOOD)
    assert await passwords.verify(GOOD, hashed) == (True, None)
    for wrong in ("", GOOD.upper(), GOOD + " ", GOOD[:-1], "x" * 2_000_000):
        assert await passwords.verify(wrong, hashed) == (False, None)


async def test_another_keyboard_spells_the_same_password(passwords: Passwords) -> None:
    composed = "Ångström über Ærø ﬁne"
    hashed = await passwords.hash(composed)
    for spelling in (unicodedata.normalize("NFD", composed), unicodedata.normalize("NFKC", composed)):
        assert (await passwords.verify(spelling, hashed))[0]


async def test_half_a_surrogate_pair_breaks_nothing(passwords: Passwords) -> None:
    hashed = await passwords.hash("half a pair \ud800")
    assert (await passwords.verify("half a pair \ud800", hashed))[0]
    assert not (await passwords.verify("half a pair \ud801", hashed))[0]


async def test_an_older_hash_is_replaced_at_sign_in(passwords: Passwords) -> None:
    older = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8192),)).hash(GOOD)
    right, newer = await passwords.verify(GOOD, older)
    assert right
    assert newer
    assert await passwords.verify(GOOD, newer) == (True, None)
    assert await passwords.verify("wrong", older) == (False, None)


async def test_without_a_hash_every_password_is_wrong(passwords: Passwords) -> None:
    for password in (GOOD, "", passwords.nobodys.result()):
        assert await passwords.verify(password, "") == (False, None)


async def test_an_unknown_address_takes_as_long(passwords: Passwords) -> None:
    known, nobodys = (each.split("$") for each in (await passwords.hash(GOOD), passwords.nobodys.result()))
    assert known[:4] == nobodys[:4], "a hash of the same cost is computed"


async def test_what_a_hash_takes_is_a_setting() -> None:
    cheap = Passwords(Settings(password_memory=64))
    hashed = await cheap.hash(GOOD)
    assert "$m=64," in hashed and await cheap.verify(GOOD, hashed) == (True, None)
    cheap.close()


async def test_the_event_loop_goes_on_meanwhile() -> None:
    passwords = Passwords(Settings())
    hashing = asyncio.gather(*(passwords.hash(GOOD) for _ in range(8)))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 20
    passwords.close()


async def test_a_flood_is_refused_and_then_over(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_service, "MOST_WAITING", 4)
    results = await asyncio.gather(*(passwords.verify(GOOD, "") for _ in range(10)), return_exceptions=True)
    refused = [each for each in results if isinstance(each, Unavailable)]
    assert len(refused) == 6
    assert all(each.retry_after and each.status == 503 for each in refused)
    assert results[:4] == [(False, None)] * 4
    assert await passwords.verify(GOOD, "") == (False, None)


async def test_whoever_leaves_the_queue_gives_up_their_place(passwords: Passwords) -> None:
    tasks = [asyncio.create_task(passwords.verify(GOOD, "")) for _ in range(6)]
    await asyncio.sleep(0)
    assert passwords.waiting == 6
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert passwords.waiting == 0


async def test_at_most_two_hash_at_a_time(passwords: Passwords) -> None:
    await asyncio.gather(*(passwords.hash(GOOD) for _ in range(6)))
    assert len(passwords.executor._threads) == password_service.WORKERS == 2
