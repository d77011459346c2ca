"""`/api/v1/keys`: API keys, made, listed, rotated and revoked."""

import time
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

from anyio import to_thread
from fastapi import Path

from clew.admin import ConflictError, Key, describe
from clew.api.access import Access
from clew.api.errors import ApiError, invalid
from clew.api.key_types import (
    ApiKey,
    CreateKey,
    KeysAnswer,
    NewKeyAnswer,
    RevokeKey,
    RotateKey,
)

KeyId = Annotated[
    str, Path(pattern="^[0-9a-f]{32}$", description="Of the key.", examples=["00" * 16])
]
_T = TypeVar("_T")
_HINT = "GET /api/v1/keys lists them."


def list_endpoint(access: Access) -> Callable[[], Awaitable[KeysAnswer]]:
    """The handler of GET."""

    async def list_keys() -> KeysAnswer:
        """All keys, revoked ones too, without their texts."""
        found = await _do(lambda: access.store.keys.list())
        return KeysAnswer(keys=[_shown(key) for key in found])

    return list_keys


def create_endpoint(access: Access) -> Callable[[CreateKey], Awaitable[NewKeyAnswer]]:
    """The handler of POST."""

    async def create_key(asked: CreateKey) -> NewKeyAnswer:
        """Make a key; the answer alone has its text. It works everywhere within two seconds."""
        key, text = await _do(
            lambda: access.store.keys.create(
                asked.name,
                asked.scopes,
                expires_s=asked.expires_in_seconds,
                spans_per_second=asked.spans_per_second,
            )
        )
        return NewKeyAnswer(api_key=_shown(key), key=text)

    return create_key


def rotate_endpoint(access: Access) -> Callable[[KeyId, RotateKey], Awaitable[NewKeyAnswer]]:
    """The handler of POST on `rotate`."""

    async def rotate_key(key_id: KeyId, asked: RotateKey) -> NewKeyAnswer:
        """Give a key another text; the one before works until the overlap is over."""
        key, text = await _do(
            lambda: access.store.keys.rotate(bytes.fromhex(key_id), overlap_s=asked.overlap_seconds)
        )
        return NewKeyAnswer(api_key=_shown(key), key=text)

    return rotate_key


def revoke_endpoint(access: Access) -> Callable[[KeyId, RevokeKey], Awaitable[ApiKey]]:
    """The handler of POST on `revoke`."""

    async def revoke_key(key_id: KeyId, asked: RevokeKey) -> ApiKey:
        """Make a key work no more, for good; within two seconds everywhere."""
        key = await _do(lambda: access.store.keys.revoke(bytes.fromhex(key_id)))
        return _shown(key)

    return revoke_key


async def _do(action: Callable[[], _T]) -> _T:
    """In a thread: it waits for the disk."""
    try:
        return await to_thread.run_sync(action)
    except LookupError as error:
        raise ApiError(404, "key_not_found", _sentence(error), _HINT) from None
    except ConflictError as error:
        raise ApiError(409, "conflict", _sentence(error)) from None
    except ValueError as error:
        raise invalid("body", str(error)) from None


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[0].upper()}{text[1:]}."


def _shown(key: Key) -> ApiKey:
    return ApiKey.model_validate(describe(key, time.time()))
