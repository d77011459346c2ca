"""Keys: made, listed, rotated, revoked; and looked up.

What is looked up is a copy in memory that `look` brings up to date. When the file cannot be read,
keys that were known stay so, and of others it cannot be said that they are unknown.
"""

from __future__ import annotations

import hmac
import secrets as random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, Row, delete, func, insert, literal_column, or_, select, update
from sqlalchemy.exc import IntegrityError

from clew.admin import tables
from clew.admin.database import FILE, Database, KeysError
from clew.admin.scopes import parse_scopes, scope_names
from clew.admin.secret import SHOWN, digest, find_key, is_whole, new_secret

LONGEST_NAME = 100
MOST_KEYS = 10_000
LONGEST_S = 100 * 366 * 86_400
# So long a text that a rotation ended is told from one that never was.
KNOWN_EXPIRED_FOR_S = 90 * 86_400
MOST_SPANS_PER_SECOND = 1_000_000_000

Snapshot = list[tuple[bytes, bytes, int, int, int, int]]


class ConflictError(ValueError):
    """The state of a key or of its name is in the way."""


class KeyRefused(Exception):
    """This is not a key that works; `reason` is for programs, the text for people."""

    def __init__(
        self,
        reason: Literal[
            "missing_key", "malformed_key", "unknown_key", "expired_key", "revoked_key"
        ],
        text: str,
    ) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Secret:
    """What is known of one key's text. Times as in `Key`."""

    hash: bytes = field(repr=False)
    prefix: str
    created_s: int
    expires_s: int | None
    revoked_s: int | None


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its text. Times in seconds since 1970."""

    id: bytes
    name: str
    scopes: int
    created_s: int
    expires_s: int | None
    revoked_s: int | None
    spans_per_second: int | None
    last_used_s: int | None
    secrets: tuple[Secret, ...]

    def state(self, now_s: float) -> Literal["active", "expired", "revoked"]:
        """What it is worth now."""
        if self.revoked_s is not None and self.revoked_s <= now_s:
            return "revoked"
        return "expired" if self.expires_s is not None and self.expires_s <= now_s else "active"


@dataclass(frozen=True, slots=True)
class _Known:
    """One secret, with what limits it together with its key; 0 as in the snapshot."""

    hash: bytes
    key: Key
    expires: int
    revoked: int


class Keys:
    """The keys of one data folder. May be used from several threads."""

    def __init__(self, data_dir: Path, *, now_s: Callable[[], float] = time.time) -> None:
        self._now_s = now_s
        self._database = Database(data_dir / FILE)
        self._version = -1
        # By the first half of the hash: finding it tells nothing of the other half by its time.
        self._known: dict[bytes, _Known] = {}
        self._trouble = ""
        self.look()

    def create(
        self,
        name: str,
        scopes: int | Iterable[str],
        *,
        expires_s: int | None = None,
        spans_per_second: int | None = None,
    ) -> tuple[Key, str]:
        """A new key and its text, which nobody can find out again. `expires_s`: from now."""
        check_name(name)
        bits = parse_scopes(scope_names(scopes) if isinstance(scopes, int) else scopes)
        _check_number("the time until it expires", expires_s, 1, LONGEST_S)
        _check_number("spans per second", spans_per_second, 1, MOST_SPANS_PER_SECOND)
        now, key_id, secret = int(self._now_s()), random.token_bytes(16), new_secret()
        with self._database.write() as connection:
            live = select(func.count()).where(tables.keys.c.revoked.is_(None))
            if (count := connection.execute(live).scalar_one()) >= MOST_KEYS:
                raise ConflictError(f"there are {count} keys, as many as may be; revoke some")
            try:
                connection.execute(
                    insert(tables.keys).values(
                        id=key_id,
                        name=name,
                        scopes=bits,
                        created=now,
                        expires=None if expires_s is None else now + expires_s,
                        spans_per_second=spans_per_second,
                    )
                )
            except IntegrityError:
                raise ConflictError(
                    f"there is a key named {name!r} already; take another name, rotate that key, "
                    "or revoke it first"
                ) from None
            _add_secret(connection, key_id, secret, now)
            made = _read(connection, key_id)[0]
        self.look()
        return made, secret

    def list(self) -> list[Key]:
        """All keys, revoked ones too, in the order in which they were made."""
        with self._database.read() as connection:
            return _read(connection)

    def rotate(self, key_id: bytes, *, overlap_s: int) -> tuple[Key, str]:
        """Another text for the key; those it has work for so many seconds more."""
        _check_number("the overlap", overlap_s, 0, LONGEST_S)
        now, secret = int(self._now_s()), new_secret()
        with self._database.write() as connection:
            key = _one(connection, key_id)
            if (state := key.state(now)) != "active":
                raise ConflictError(f"key {key.name!r} is {state}; create a new one")
            of_key, ends = tables.secrets.c.key_id == key_id, now + overlap_s
            old = tables.secrets.c.expires < now - KNOWN_EXPIRED_FOR_S
            connection.execute(delete(tables.secrets).where(of_key, old))
            longer = or_(tables.secrets.c.expires.is_(None), tables.secrets.c.expires > ends)
            connection.execute(update(tables.secrets).where(of_key, longer).values(expires=ends))
            _add_secret(connection, key_id, secret, now)
            changed = _one(connection, key_id)
        self.look()
        return changed, secret

    def revoke(self, key_id: bytes) -> Key:
        """The key does not work any more, with none of its texts; again: nothing changes."""
        now = int(self._now_s())
        with self._database.write() as connection:
            _one(connection, key_id)
            live = tables.keys.c.id == key_id, tables.keys.c.revoked.is_(None)
            connection.execute(update(tables.keys).where(*live).values(revoked=now))
            changed = _one(connection, key_id)
        self.look()
        return changed

    def snapshot(self) -> Snapshot:
        """For each text of each key: hash, key id, scopes, expires, revoked, spans a second."""
        return [
            (one.hash, one.key.id, one.key.scopes, one.expires, one.revoked,
             one.key.spans_per_second or 0)
            for one in _known(self.list())
        ]  # fmt: skip

    def version(self) -> int:
        """Another number once somebody changed keys; `used` of this object does not count."""
        return self._database.version()

    def used(self, seconds: Mapping[bytes, int]) -> None:
        """Notes when keys were used last; keys that are gone are none of its business."""
        if not seconds:
            return
        last = tables.keys.c.last_used
        with self._database.write(counts=False) as connection:
            for key_id, at in seconds.items():
                older = tables.keys.c.id == key_id, or_(last.is_(None), last < at)
                connection.execute(update(tables.keys).where(*older).values(last_used=at))

    def look(self) -> str:
        """Brings what `check` knows up to date; why it cannot, or nothing."""
        try:
            version = self.version()
            if version != self._version:
                self._known = {one.hash[:16]: one for one in _known(self.list())}
                self._version = version
            self._trouble = ""
        except KeysError as error:
            self._trouble = str(error)
        return self._trouble

    def any_works(self) -> bool:
        """Whether there is a key, as of the last look, that is good for something now."""
        now = self._now_s()
        return any(
            not one.revoked and (not one.expires or one.expires > now)
            for one in self._known.values()
        )

    def check(self, secret: str, now_s: float) -> Key:
        """The key with this text, as of the last look; `KeyRefused` says why not.

        `KeysError` when nobody can say whether there is such a key.
        """
        if not is_whole(secret):
            raise KeyRefused("malformed_key", "the API key has a wrong character; copy it again")
        found, shown = digest(secret), f"the API key {secret[:SHOWN]}…"
        known = self._known.get(found[:16])
        if known is None or not hmac.compare_digest(known.hash, found):
            if self._trouble:
                raise KeysError(self._trouble)
            raise KeyRefused(
                "unknown_key", f"{shown} is not known here; it may belong to another Clew"
            )
        if known.revoked:
            raise KeyRefused("revoked_key", f"{shown} was revoked on {utc(known.revoked)}")
        if known.expires and known.expires <= now_s:
            raise KeyRefused("expired_key", f"{shown} expired on {utc(known.expires)}")
        return known.key

    def close(self) -> None:
        self._database.close()


def check_name(name: str) -> None:
    """`ValueError` for a name that could not be told, typed or shown."""
    if not 1 <= len(name) <= LONGEST_NAME:
        raise ValueError(f"a name has 1 to {LONGEST_NAME} characters, this one {len(name)}")
    if find_key(name):
        raise ValueError("the name holds a key; names are shown to everybody, choose another")
    if not name.isprintable() or name != name.strip():
        raise ValueError(
            f"name {name!r} has control or invisible characters, or blanks at an end; "
            "leave them out"
        )


def utc(seconds: int) -> str:
    """A moment as people read it."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def _check_number(what: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise ValueError(f"{what}: {value} is outside {least} to {most}")


def _add_secret(connection: Connection, key_id: bytes, secret: str, now: int) -> None:
    connection.execute(
        insert(tables.secrets).values(
            hash=digest(secret), key_id=key_id, prefix=secret[:SHOWN], created=now
        )
    )


def _one(connection: Connection, key_id: bytes) -> Key:
    found = _read(connection, key_id)
    if not found:
        raise LookupError(f"there is no key {key_id.hex()!r}")
    return found[0]


def _read(connection: Connection, key_id: bytes | None = None) -> list[Key]:
    of_keys, of_secrets = select(tables.keys), select(tables.secrets)
    if key_id is not None:
        of_keys = of_keys.where(tables.keys.c.id == key_id)
        of_secrets = of_secrets.where(tables.secrets.c.key_id == key_id)
    found: dict[bytes, Key] = {}
    for row in connection.execute(of_keys.order_by(literal_column("rowid"))):
        found[row.id] = Key(
            row.id, row.name, row.scopes, row.created, row.expires, row.revoked,
            row.spans_per_second, row.last_used, (),
        )  # fmt: skip
    texts: dict[bytes, list[Secret]] = {}
    for row in connection.execute(of_secrets.order_by(literal_column("rowid"))):
        texts.setdefault(row.key_id, []).append(_secret(row))
    return [replace(key, secrets=tuple(texts.get(key.id, ()))) for key in found.values()]


def _secret(row: Row[tuple[object, ...]]) -> Secret:
    return Secret(row.hash, row.prefix, row.created, row.expires, row.revoked)


def _known(keys: Iterable[Key]) -> Iterable[_Known]:
    for key in keys:
        for secret in key.secrets:
            expires = [at for at in (key.expires_s, secret.expires_s) if at is not None]
            revoked = [at for at in (key.revoked_s, secret.revoked_s) if at is not None]
            yield _Known(secret.hash, key, min(expires, default=0), min(revoked, default=0))
