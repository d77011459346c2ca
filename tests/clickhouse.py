"""A real ClickHouse server for tests, without a container: `libchdb.so` in a process of its own.

`make setup` puts the library into `target/clickhouse` when npm is there. Run as a program it is the
server itself; the class starts it, and it dies with whoever started it.
"""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "target/clickhouse/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so"
READY_WITHIN_S = 30
USER, PASSWORD = "clew", "a b/c@d:é"

# What keeps it alive: it ends when this query does.
_FOR_EVER = (
    "system start listen http;"
    "select sum(sleepEachRow(1)) from numbers(1000000000)"
    " settings max_block_size = 1, function_sleep_max_microseconds_per_block = 0"
)
_CONFIG = """<clickhouse>
    <logger><level>error</level><console>1</console></logger>
    <users_config>{folder}/users.xml</users_config>
    <max_server_memory_usage>3000000000</max_server_memory_usage>
    <mark_cache_size>268435456</mark_cache_size>
    <background_pool_size>2</background_pool_size>
</clickhouse>
"""
_USERS = """<clickhouse>
    <users>
        <default><profile>default</profile><quota>default</quota><password></password>
            <networks><ip>::/0</ip></networks><access_management>1</access_management></default>
        <{user}><profile>default</profile><quota>default</quota><password>{password}</password>
            <networks><ip>::/0</ip></networks></{user}>
        <guide><profile>default</profile><quota>default</quota><password></password>
            <networks><ip>::/0</ip></networks><grants>{grants}</grants></guide>
    </users>
    <profiles><default/></profiles>
    <quotas><default/></quotas>
</clickhouse>
"""


def require() -> None:
    """Skips the test where there is no npm to install the server with; elsewhere it has to be."""
    if LIBRARY.exists():
        return
    why = f"{LIBRARY.relative_to(ROOT)} is missing: install Node's npm and run make setup"
    if shutil.which("npm") or os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(f"NOT TESTED ON A CLICKHOUSE SERVER: {why}")


@dataclass
class ClickHouse:
    """A server on a folder and a port of loopback; may be started again after its end."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    databases: int = field(default=0)

    def start(self) -> None:
        """Back when it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.clickhouse", str(self.folder), str(self.port)],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                said = (self.folder / "log").read_text(errors="replace")[-4000:]
                raise TimeoutError(f"the ClickHouse server did not start:\n{said}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            return bool(self.ask("select 1") == "1\n")
        return False

    def ask(self, text: str, database: str = "default", body: bytes = b"", **url: str) -> str:
        """The answer to a statement as text; `AssertionError` when the server refuses it."""
        named = urllib.parse.urlencode({"database": database, "query": text, **url})
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/?{named}", data=body)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def url(self, database: str, *, user: str = "", password: str = "") -> str:
        """As `--store` takes it."""
        account = f"{user}:{urllib.parse.quote(password, safe='')}@" if user else ""
        return f"http://{account}127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """A name that nobody has used."""
        self.databases += 1
        return f"clew_{self.databases}"

    def pause(self) -> None:
        """It answers nobody, and connections to it wait."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """After `pause`."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL; its data stays."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()


class _Result(ctypes.Structure):
    """`local_result_v2` of the library."""

    _fields_ = [
        ("buffer", ctypes.c_char_p),
        ("length", ctypes.c_size_t),
        ("vector", ctypes.c_void_p),
        ("elapsed", ctypes.c_double),
        ("rows", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        ("error", ctypes.c_char_p),
    ]


def _grants_of_the_guide() -> str:
    """The rights that `docs/guides/clickhouse.md` gives Clew, on database `guide`."""
    page = (ROOT / "docs/guides/clickhouse.md").read_text()
    granted = re.findall(r"^(grant .*) to clew;$", page, re.MULTILINE)
    queries = (text.replace(" on clew.*", " on guide.*") for text in granted)
    return "".join(f"<query>{text}</query>" for text in queries)


def serve(folder: Path, port: int) -> None:
    """Be the server; never comes back while all is well."""
    config = folder / "config.xml"
    config.write_text(_CONFIG.format(folder=folder))
    users = _USERS.format(user=USER, password=escape(PASSWORD), grants=_grants_of_the_guide())
    (folder / "users.xml").write_text(users)
    arguments = [
        *("clickhouse", "--config-file", str(config), "--path", str(folder / "data")),
        *("--listen_host", "127.0.0.1", "--http_port", str(port), "--query", _FOR_EVER),
    ]
    library: Any = ctypes.CDLL(str(LIBRARY))
    library.query_stable_v2.restype = ctypes.POINTER(_Result)
    values = (ctypes.c_char_p * len(arguments))(*(one.encode() for one in arguments))
    answer = library.query_stable_v2(len(arguments), values)
    raise SystemExit((answer.contents.error or b"it ended").decode())


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == 1:
        raise SystemExit("the tests ended before the server started")


if __name__ == "__main__":
    _die_with_parent()
    serve(Path(sys.argv[1]), int(sys.argv[2]))
