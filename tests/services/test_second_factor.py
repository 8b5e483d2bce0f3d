"""The second factor: RFC 6238's own vectors, clocks that are off, codes that were used, and what is stored."""

import base64
import math
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from app.services.second_factor import (
    RECOVERY_ALPHABET,
    matching_step,
    new_recovery_codes,
    new_secret,
    normalise_recovery_code,
    provisioning_uri,
    qr_data_uri,
    seal,
    unseal,
)

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
# RFC 6238, appendix B, SHA-1: eight digits there, of which a code of six is the last six.
RFC_CODES = {
    59: "94287082",
    1111111109: "07081804",
    1111111111: "14050471",
    1234567890: "89005924",
    2000000000: "69279037",
    20000000000: "65353130",
}
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
STEP = int(NOON.timestamp()) // 30
SVG = "{http://www.w3.org/2000/svg}"


def code_at(moment: datetime) -> str:
    return pyotp.TOTP(RFC_SECRET).at(moment)


@pytest.mark.parametrize(("seconds", "code"), RFC_CODES.items())
def test_the_vectors_of_the_standard(seconds: int, code: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert matching_step(RFC_SECRET, code[-6:], after=None, at=at) == seconds // 30


@pytest.mark.parametrize(
    ("off", "step"), [(-60, None), (-30, STEP - 1), (0, STEP), (29, STEP), (30, STEP + 1), (60, None)]
)
def test_a_clock_may_be_off_by_one_step(off: int, step: int | None) -> None:
    assert matching_step(RFC_SECRET, code_at(NOON + timedelta(seconds=off)), after=None, at=NOON) == step


def test_a_code_works_once() -> None:
    step = matching_step(RFC_SECRET, code_at(NOON), after=None, at=NOON)
    assert step == STEP
    for later in (0, 10, 30):
        assert matching_step(RFC_SECRET, code_at(NOON), after=step, at=NOON + timedelta(seconds=later)) is None
    following = NOON + timedelta(seconds=30)
    assert matching_step(RFC_SECRET, code_at(following), after=step, at=following) == step + 1
    assert matching_step(RFC_SECRET, code_at(NOON), after=step + 1, at=following) is None, "an earlier code, later"


def test_a_code_of_two_steps_counts_as_the_later_one() -> None:
    """Or it would work again as the other."""
    totp = pyotp.TOTP(RFC_SECRET)
    step = 910737  # the first of which this is so
    assert totp.generate_otp(step) == totp.generate_otp(step + 1)
    at = datetime.fromtimestamp(step * 30, UTC)
    assert matching_step(RFC_SECRET, totp.generate_otp(step), after=None, at=at) == step + 1


@pytest.mark.parametrize("spelling", ["{} {}", " {}{} ", "{}\N{NO-BREAK SPACE}{}", "{}\t{}\n"])
def test_spaces_are_ignored(spelling: str) -> None:
    code = code_at(NOON)
    assert matching_step(RFC_SECRET, spelling.format(code[:3], code[3:]), after=None, at=NOON) == STEP


def test_other_digits_and_lengths_are_refused() -> None:
    code = code_at(NOON)
    arabic, wide = ({ord(str(n)): chr(zero + n) for n in range(10)} for zero in (0x660, 0xFF10))
    for typed in ("", code[:5], code + "0", "+" + code[1:], code.translate(arabic), code.translate(wide), "9" * 10**6):
        assert matching_step(RFC_SECRET, typed, after=None, at=NOON) is None


@given(st.text(st.characters()))
def test_whatever_is_typed_breaks_nothing(typed: str) -> None:
    assert matching_step(RFC_SECRET, typed, after=STEP + 1, at=NOON) is None
    assert re.fullmatch("[a-z0-9]*", normalise_recovery_code(typed))
    assert unseal(typed, b"key") is None


def test_the_first_seconds_of_time() -> None:
    start = datetime.fromtimestamp(0, UTC)
    assert matching_step(RFC_SECRET, code_at(start), after=None, at=start) == 0


def test_secrets_are_long_and_new() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(base64.b32decode(new_secret())) == 20


def test_the_address_for_the_authenticator() -> None:
    secret = new_secret()
    parts = urlsplit(provisioning_uri(secret, "ada+x@example.org", "Notes & Queries: one"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Notes & Queries: one:ada+x@example.org"
    assert parse_qs(parts.query) == {"secret": [secret], "issuer": ["Notes & Queries: one"]}


def test_the_qr_code_is_the_right_one_black_on_white() -> None:
    uri = provisioning_uri(new_secret(), "ada@example.org", "FastOpp")
    head, svg = qr_data_uri(uri).split(",", 1)
    root = etree.fromstring(unquote(svg).encode())
    background, dark = root.iter(f"{SVG}path")
    assert head.startswith("data:image/svg+xml")
    assert background.get("fill") == "#fff"
    assert dark.get("stroke") == "#000"
    wanted = {
        (x, y)
        for y, row in enumerate(segno.make_qr(uri, error="m").matrix_iter(border=4))
        for x, module in enumerate(row)
        if module
    }
    assert drawn(str(dark.get("d"))) == wanted
    assert min(min(x, y) for x, y in wanted) == 4, "the quiet zone"
    size = int(root.get("width", 0)) // 4
    assert background.get("d") == f"M0 0h{size}v{size}h-{size}z", "and it is white to the edge"


def drawn(path: str) -> set[tuple[int, int]]:
    """The modules that an SVG path of horizontal lines draws, each one unit wide."""
    found: set[tuple[int, int]] = set()
    x, y = 0.0, 0.0
    for command, arguments in re.findall(r"([Mmh])([-\d. ]+)", path):
        numbers = [float(number) for number in arguments.split()]
        if command == "h":
            found |= {(int(x) + n, int(y)) for n in range(int(numbers[0]))}
            x += numbers[0]
        else:
            x, y = (numbers[0], numbers[1]) if command == "M" else (x + numbers[0], y + numbers[1])
    return found


def test_a_long_address_has_a_qr_code_too() -> None:
    assert qr_data_uri(provisioning_uri(new_secret(), "a" * 64 + "@" + "é" * 180 + ".example", "FastOpp"))


def test_recovery_codes_are_long_enough_and_readable() -> None:
    codes = new_recovery_codes()
    assert len(set(codes)) == 10
    assert all(re.fullmatch(f"([{RECOVERY_ALPHABET}]{{4}}-){{2}}[{RECOVERY_ALPHABET}]{{4}}", code) for code in codes)
    assert 12 * math.log2(len(set(RECOVERY_ALPHABET))) >= 50
    assert not set(RECOVERY_ALPHABET) & set("0o1li")
    assert len(new_recovery_codes(3)) == 3


@pytest.mark.parametrize(
    "typed", ["k3f9-x2pq-7mza", "K3F9X2PQ7MZA", " k3f9 x2pq 7mza\n", "k3f9\N{EN DASH}x2pq\N{NON-BREAKING HYPHEN}7mza"]
)
def test_a_recovery_code_as_people_type_it(typed: str) -> None:
    assert normalise_recovery_code(typed) == "k3f9x2pq7mza"


def test_what_is_sealed_opens_with_the_same_key_only() -> None:
    secret = new_secret()
    sealed = seal(secret, b"one key")
    assert secret not in sealed
    assert sealed != seal(secret, b"one key")
    assert unseal(sealed, b"one key") == secret
    assert unseal(sealed, b"another key") is None
    middle = len(sealed) // 2
    assert unseal(sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :], b"one key") is None
    assert unseal("", b"one key") is None
