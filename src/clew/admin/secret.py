"""The form of a key: `kf_`, 34 random characters of base62, 6 that are the CRC-32 of all before.

The checksum tells a key that was cut off or mistyped from one that is unknown, and lets scanners
for leaked secrets recognise it. 34 characters hold 202 random bits, so a fast hash is enough.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
START = "kf_"
RANDOM, CHECK = 34, 6
LENGTH = len(START) + RANDOM + CHECK
SHOWN = 8  # characters that may be kept and shown

_FORM = re.compile(rf"{START}[0-9A-Za-z]{{{RANDOM + CHECK}}}")


def new_secret() -> str:
    """A key that nobody has."""
    body = START + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM))
    return body + _checksum(body)


def is_whole(text: str) -> bool:
    """Whether it has a key's form, with the right checksum."""
    return bool(_FORM.fullmatch(text)) and _checksum(text[:-CHECK]) == text[-CHECK:]


def find_key(text: str) -> str | None:
    """A whole key somewhere in a text."""
    # At every place where one may begin: `kf_` followed by a whole key is one.
    for start in (found.start() for found in re.finditer(START, text)):
        if is_whole(candidate := text[start : start + LENGTH]):
            return candidate
    return None


def digest(secret: str) -> bytes:
    """What is kept instead of the key."""
    return hashlib.sha256(secret.encode()).digest()


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECK):
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
