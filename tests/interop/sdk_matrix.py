"""Real clients at the door: `python -m tests.interop.sdk_matrix` sends every combination.

The OpenTelemetry SDK, newest and two years old × gRPC and HTTP × gzip or none × plain, TLS, mTLS ×
right key, no key, wrong key × each kind of answer. What comes of each is compared with what
docs/reference/otlp.md says; the lines that the SDK prints are printed, each once.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clew.admin import Keys
from clew.cli.dev_cert import make
from tests.flow.door import stored, trace_id
from tests.flow.server import Clew

ROOT = Path(__file__).parents[2]
SDKS = {"1.45": Path(sys.executable), "1.28": ROOT / "target/sdk-2024/bin/python"}
WAYS = ["grpc", "http"]
GZIP = [False, True]
SECURITY = ["plain", "TLS", "mTLS"]
KEYS = ["right", "none", "wrong"]
ANSWERS = ["ok", "partial", "too large", "disk full"]

LIMIT_BYTES = 1 << 20
# More than the longest delay that a server names, so that every exporter tries again once.
TIMEOUT_S = 3.5
# Of answers that come at once, on a busy machine too.
PATIENT_S = 20


@dataclass(frozen=True)
class Case:
    sdk: str
    way: str
    gzip: bool
    security: str
    key: str
    answer: str

    def __str__(self) -> str:
        packed = "gzip" if self.gzip else "none"
        return " · ".join([self.sdk, self.way, packed, self.security, self.key, self.answer])

    @property
    def is_stored(self) -> bool:
        return self.key == "right" and self.answer in ("ok", "partial")

    @property
    def span_ids(self) -> list[int]:
        # The second of three has no valid id.
        return [1, 0, 3] if self.answer == "partial" else [1]


def every_case() -> list[Case]:
    return [Case(*one) for one in product(SDKS, WAYS, GZIP, SECURITY, KEYS, ANSWERS)]


@dataclass(frozen=True)
class Outcome:
    result: str
    lines: list[str]
    seconds: float


class Sender:
    """One SDK in a process of its own."""

    def __init__(self, python: Path) -> None:
        if not python.exists():
            raise FileNotFoundError(f"{python} is missing; `make setup` installs it")
        self._process = subprocess.Popen(
            [python, Path(__file__).with_name("sdk_sender.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # `requests`, which the HTTP exporter sends with, prefers these to the exporter's file.
            env={
                name: value
                for name, value in os.environ.items()
                if name not in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
            },
        )

    def send(self, case: dict[str, Any]) -> Outcome:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(case) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise ChildProcessError("the SDK failed on its own; its error is above")
        return Outcome(**json.loads(answer))

    def close(self) -> None:
        self._process.communicate(timeout=10)


@dataclass(frozen=True)
class Door:
    """A server, and what its clients need."""

    clew: Clew
    right_key: str
    certs: Path


@contextlib.contextmanager
def serving(folder: Path, security: str, full: bool) -> Iterator[Door]:
    """A server that asks for keys, by this kind of transport."""
    certs, data = folder / "certs", folder / "data"
    certs.mkdir(parents=True)
    for pair in make(["127.0.0.1"], 1, client=True):
        for name, content in zip(pair.names, (pair.certificate, pair.key), strict=True):
            (certs / name).write_bytes(content)
    data.mkdir(mode=0o700)
    keys = Keys(data)
    _, right = keys.create("senders", ["ingest"])
    _, reader = keys.create("readers", ["read"])
    keys.close()
    server = Clew(data, folder / "log", key=reader)
    options = ["--require-keys", "--max-request-bytes", str(LIMIT_BYTES)]
    if full:
        options += ["--disk-reserve-bytes", "100000TiB", "--retention-free-bytes", "0"]
    if security != "plain":
        server.context = ssl.create_default_context(cafile=certs / "ca.pem")
        options += ["--tls-cert", str(certs / "server.pem")]
        options += ["--tls-key", str(certs / "server-key.pem")]
    if security == "mTLS":
        options += ["--tls-client-ca", str(certs / "ca.pem")]
    server.options = tuple(options)
    server.start()
    try:
        if full:
            wait_full(server)
        else:
            server.wait_ready()
        yield Door(server, right, certs)
    finally:
        server.stop()


def wait_full(server: Clew) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            if "free on the disk" in server.get("/readyz")[1]:
                return
        time.sleep(0.05)
    raise TimeoutError(f"the disk is not full:\n{server.log.read_text()[-4000:]}")


def ask(case: Case, door: Door, sender: Sender) -> tuple[Outcome, str]:
    """What the SDK made of it, and the name of its trace."""
    clew, certs, name = door.clew, door.certs, f"matrix {case} {time.time_ns()}"
    # In the right form, so that only the list of keys can tell it from another.
    wrong = "kf_" + "z" * 34 + "288KOB"
    mutual = case.security == "mTLS"
    return sender.send(
        {
            "way": case.way,
            "gzip": case.gzip,
            "endpoint": clew.grpc if case.way == "grpc" else clew.http,
            "ca": str(certs / "ca.pem") if case.security != "plain" else None,
            "cert": str(certs / "client.pem") if mutual else None,
            "cert_key": str(certs / "client-key.pem") if mutual else None,
            "key": {"right": door.right_key, "none": "", "wrong": wrong}[case.key],
            "trace_id": trace_id(name).hex(),
            "span_ids": case.span_ids,
            "filler": 2 * LIMIT_BYTES if case.answer == "too large" else 10,
            "timeout_s": TIMEOUT_S if case.answer == "disk full" else PATIENT_S,
        }
    ), name


def verdict(case: Case, found: Outcome, door: Door, name: str) -> list[str]:
    """What is otherwise than it should be."""
    wrong = []
    expected = "SUCCESS" if case.is_stored else "FAILURE"
    if found.result != expected:
        return [f"{found.result} instead of {expected}: {found.lines}"]
    if case.is_stored:
        if found.lines:
            wrong.append(f"printed {found.lines}")
        count = sum(1 for span_id in case.span_ids if span_id)
        if len(stored(door.clew, name, count)) != count:
            wrong.append("spans are missing")
        return wrong
    if not found.lines:
        wrong.append("printed nothing")
    said = words(case)
    # The old one prints no more than the code over gRPC.
    if (case.sdk, case.way) != ("1.28", "grpc") and said not in " ".join(found.lines):
        wrong.append(f"{said!r} is not in {found.lines}")
    if case.key != "right" and len(found.lines) != 1:
        wrong.append(f"a refused key is final, and it printed {found.lines}")
    if unknown := [line for line in found.lines if not is_on_the_page(line)]:
        wrong.append(f"docs/reference/otlp.md does not have {unknown}")
    return wrong


def words(case: Case) -> str:
    """The key is looked at before the body, and before the disk."""
    if case.key != "right":
        return {"none": "no API key came", "wrong": "is not known here"}[case.key]
    return {"too large": "is larger than", "disk full": "disk is nearly full"}[case.answer]


PAGE = ROOT / "docs/reference/otlp.md"


def is_on_the_page(line: str) -> bool:
    """As it is there, where … stands for what differs from one time to the next."""
    return any(
        re.fullmatch(".+".join(map(re.escape, shown.split("…"))), line)
        for shown in PAGE.read_text().splitlines()
        if "export" in shown
    )


def run(cases: Sequence[Case], folder: Path) -> Iterator[tuple[Case, Outcome, list[str]]]:
    """Each case with what came of it and what is wrong with that."""
    senders = {sdk: Sender(SDKS[sdk]) for sdk in dict.fromkeys(case.sdk for case in cases)}
    try:
        for security, full in product(SECURITY, (False, True)):
            mine = [
                case
                for case in cases
                if case.security == security and (case.answer == "disk full") == full
            ]
            if not mine:
                continue
            with serving(folder / f"{security}-{full}", security, full) as door:
                for case in mine:
                    found, name = ask(case, door, senders[case.sdk])
                    yield case, found, verdict(case, found, door, name)
    finally:
        for sender in senders.values():
            sender.close()


def main() -> int:
    """The whole of it; 1 when something is otherwise than it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    wanted = parser.parse_args().only
    cases = [case for case in every_case() if wanted in str(case)]
    results: Counter[str] = Counter()
    lines: dict[tuple[str, str, str], str] = {}
    with TemporaryDirectory() as folder:
        for case, found, wrong in run(cases, Path(folder)):
            results["wrong" if wrong else "right"] += 1
            print(f"{case}: {found.result} {found.seconds} s{' — ' if wrong else ''}{wrong or ''}")
            for line in found.lines:
                shape = re.sub(r"\S*127\.0\.0\.1:\d+\S*|\d+(\.\d+)?", "…", line)
                lines.setdefault((case.sdk, case.way, shape), line)
    print()
    for (sdk, way, _), line in lines.items():
        print(f"{sdk} {way}: {line}")
    print(f"\n{len(cases)} cases: {results['right']} as documented, {results['wrong']} not")
    return 1 if results["wrong"] or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
