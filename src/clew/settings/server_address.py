"""Where a ClickHouse server is, as `--store` names it."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

_PORTS = {"http": 8123, "https": 8443, "clickhouse": 8123}
# Nothing else: a password with a / or @ in it would end here, and a name is in logs.
_DATABASE = re.compile(r"[A-Za-z0-9_-]*")
_EXAMPLE = "for example http://user:password@127.0.0.1:8123/clew"


class ServerAddress(NamedTuple):
    """A server's HTTP interface, the account there, and the database that Clew keeps to itself."""

    is_https: bool
    host: str
    port: int
    user: str
    password: str
    database: str

    @classmethod
    def parse(cls, text: str, name: str) -> ServerAddress:
        """`http://user:password@host:8123/database`; `https`, or `clickhouse` for HTTP too.

        The password is in no message.
        """
        try:
            parts = urlsplit(text.strip())
            port = parts.port
        except ValueError:
            raise ValueError(f"{name} is not an address of a server; give {_EXAMPLE}") from None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(
                f"{name} is not an address of a ClickHouse server: it begins with http://, "
                f"https:// or clickhouse:// and names a host, {_EXAMPLE}"
            )
        database = unquote(parts.path.strip("/"))
        if parts.query or parts.fragment or not _DATABASE.fullmatch(database):
            raise ValueError(
                f"{name}: only the name of a database may stand behind the host, of letters A-Z, "
                "digits, _ and -; in a user or password write / as %2F and @ as %40; "
                f"give {_EXAMPLE}"
            )
        return cls(
            parts.scheme == "https",
            parts.hostname,
            port or _PORTS[parts.scheme],
            unquote(parts.username or "default"),
            unquote(parts.password or ""),
            database or "default",
        )

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.is_https else 'http'}://{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.origin}/{self.database}"

    def __repr__(self) -> str:
        return f"ServerAddress({str(self)!r})"
