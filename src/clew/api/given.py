"""The key that a request brings, and what is wrong with how it is brought.

The kernel judges the same way at the OTLP ports (`rust/src/keys/given.rs`); what people read is
about the same too.
"""

from __future__ import annotations

from urllib.parse import unquote_plus

from starlette.datastructures import Headers

from clew.admin import KeyRefused, find_key
from clew.admin.secret import LENGTH, START

_HEADER = "kf-api-key"
_PARAMETERS = frozenset(
    {"kf-api-key", "kf_api_key", "api_key", "api-key", "apikey", "key", "access_token", "token"}
)
_QUOTES = frozenset("\"'`“”‘’")


def given_key(headers: Headers) -> str:
    """The text that should be a key; `KeyRefused` when there is none, or it cannot be one."""
    own, all_bearers = headers.getlist(_HEADER), headers.getlist("authorization")
    values = own or all_bearers
    if not values:
        raise KeyRefused("missing_key", _missing(headers))
    if len(set(values)) > 1:
        raise KeyRefused("malformed_key", "two different API keys came in one request; send one")
    text = values[0].strip()
    if not own:
        scheme, _, text = text.partition(" ")
        if scheme.lower() != "bearer":
            raise KeyRefused(
                "malformed_key",
                'the authorization header does not begin with Bearer; send "authorization: Bearer '
                f'KEY", or the key alone in the {_HEADER} header',
            )
        text = text.strip()
    if odd := _odd(text):
        raise KeyRefused("malformed_key", odd)
    return text


def is_in_query(query: bytes) -> bool:
    """Whether an address holds a key, where every log on the way keeps it."""
    for pair in query.decode("latin-1").split("&"):
        name, _, value = (unquote_plus(part) for part in pair.partition("="))
        if name.lower() in _PARAMETERS and START in value:
            return True
        if find_key(name) or find_key(value):
            return True
    return False


def _missing(headers: Headers) -> str:
    other = next((name for name, value in headers.items() if value.startswith(START)), None)
    if other is not None:
        return (
            f"the header {other[:60]} seems to hold an API key, but Clew reads {_HEADER}; "
            "send it there"
        )
    return "no API key came with this request"


def _odd(text: str) -> str:
    # The most telling thing first: a key in quotes has also a wrong length.
    if not text:
        return "the API key is empty; the variable that should hold it is probably not set"
    if _QUOTES & set(text):
        return "the API key is in quotation marks; send it without them"
    if text.lower().startswith("bearer "):
        return f"the {_HEADER} header has a word before the key; send the key alone there"
    if any(character.isspace() for character in text):
        return f"there is white space in the API key; send its {LENGTH} characters alone"
    if not text.startswith(START):
        return f"this is none of Clew's API keys, which begin with kf_ and have {LENGTH} characters"
    if len(text) != LENGTH:
        return (
            f"the API key has {len(text)} characters and should have {LENGTH}; a part is missing, "
            "or something was added"
        )
    return ""
