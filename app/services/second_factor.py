"""The second factor: codes of an authenticator app (TOTP, RFC 6238), recovery codes, and secrets sealed for storage.

Nothing here is stored. Who stores: the sealed secret, the last step that was used, and digests of recovery codes.
"""

import base64
import hmac
import re
import secrets
from datetime import datetime

import pyotp
import segno
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

STEP = 30  # seconds that a code is shown for
DRIFT = 1  # steps that a telephone's clock may be off, either way
RECOVERY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # none of 0 o 1 l i, which look alike
RECOVERY_GROUPS, RECOVERY_GROUP = 3, 4  # 12 characters of 31 are 59 bits
MODULE_PIXELS = 4  # of the QR code, for each of its modules
QUIET_ZONE = 4  # modules of white around it, without which many cameras do not find it
PURPOSE = b"fastopp second factor"  # whatever else is derived from the app's key is another key


def new_secret() -> str:
    """160 random bits in base32, as authenticator apps take them."""
    return pyotp.random_base32(32)


def provisioning_uri(secret: str, address: str, issuer: str) -> str:
    """What the QR code says: the secret, and under which names the authenticator app lists it."""
    return pyotp.TOTP(secret).provisioning_uri(name=address, issuer_name=issuer)


def qr_data_uri(uri: str) -> str:
    """A `data:` address of an SVG, black on white in dark mode too, because cameras expect it so."""
    code = segno.make_qr(uri, error="m")
    return code.svg_data_uri(scale=MODULE_PIXELS, border=QUIET_ZONE, dark="black", light="white")


def matching_step(secret: str, code: str, *, after: int | None, at: datetime) -> int | None:
    """The 30-second step, counted from 1970, that a typed code belongs to; None when it is wrong, too old or used.

    `at` is aware. Store the step and give it as `after` the next time, so that no code works twice. Two requests at
    once may still get the same step: let the database's update decide (`where last_step < step`).
    """
    digits = "".join(code.split())
    if not re.fullmatch(r"[0-9]{6}", digits):
        return None
    totp, now, found = pyotp.TOTP(secret), int(at.timestamp()) // STEP, None
    for step in range(max(0, now - DRIFT), now + DRIFT + 1):  # all of them and the latest wins, whatever matches
        if hmac.compare_digest(totp.generate_otp(step), digits):
            found = step
    return found if found is not None and (after is None or found > after) else None


def new_recovery_codes(count: int = 10) -> list[str]:
    """Codes for a day without the authenticator, different from each other; to store, as keyed digests only."""
    codes: set[str] = set()
    while len(codes) < count:
        codes.add("-".join(_random_group() for _ in range(RECOVERY_GROUPS)))
    return list(codes)


def normalise_recovery_code(typed: str) -> str:
    """Lower case without spaces, dashes and the like: make the digest of this, when storing too."""
    return re.sub(r"[^a-z0-9]", "", typed.lower())


def seal(secret: str, key: bytes) -> str:
    """Encrypt a secret for storage, so that a stolen table yields none. `key`: the app's secret key."""
    return _fernet(key).encrypt(secret.encode()).decode()


def unseal(sealed: str, key: bytes) -> str | None:
    """The secret again; None when it was altered, or sealed with another key."""
    try:
        return _fernet(key).decrypt(sealed.encode(errors="replace")).decode()
    except InvalidToken:
        return None


def _random_group() -> str:
    return "".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(RECOVERY_GROUP))


def _fernet(key: bytes) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=PURPOSE).derive(key)
    return Fernet(base64.urlsafe_b64encode(derived))
