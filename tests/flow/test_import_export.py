"""Traces leave one server as a file and arrive in another: nothing is lost on the way."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import build
from tests.flow.conftest import BIN, environ_for
from tests.flow.server import Clew

FORMATS = ["otlp-json", "otlp-jsonl", "otlp-proto", "jaeger", "zipkin"]
FOUND_WITHIN_S = 30


@pytest.fixture(scope="module")
def other_clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    """A second server, for what the first one gave."""
    folder = tmp_path_factory.mktemp("other")
    server = Clew(folder / "data", folder / "log")
    server.start()
    server.wait_ready()
    yield server
    server.stop()


def clew(server: Clew, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [str(BIN / "clew"), *map(str, arguments)],
        env=environ_for(server),
        capture_output=True,
        timeout=60,
    )


def traces(text: bytes) -> dict[str, list[str]]:
    """Trace id → its groups of spans, in an order of their own."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        for group in json.loads(line)["resourceSpans"]:
            trace_id = group["scopeSpans"][0]["spans"][0]["traceId"]
            found.setdefault(trace_id, []).append(json.dumps(group, sort_keys=True))
    return {trace_id: sorted(groups) for trace_id, groups in found.items()}


def exported(server: Clew, trace_ids: list[str]) -> dict[str, list[str]]:
    """All of these traces as OTLP JSON, once they are there."""
    asked = [part for trace_id in trace_ids for part in ("--trace", trace_id)]
    deadline = time.monotonic() + FOUND_WITHIN_S
    while True:
        done = clew(server, "export", *asked, "--format", "otlp-jsonl")
        if done.returncode == 0:
            return traces(done.stdout)
        assert time.monotonic() < deadline, done.stderr
        time.sleep(0.2)


def sent(format: str) -> tuple[list[str], bytes]:
    """Three traces that the format can carry, and their file as OTLP in protobuf."""
    rich: dict[str, Any] = {"text": "a", "ä": "ü"}
    if format != "zipkin":
        rich |= {"int": -(2**63), "float": 0.1, "flag": True, "bytes": b"\x00\xff"}
    if format.startswith("otlp"):
        rich |= {"list": ["a", 1, [None]], "map": {"k": 1.5}, "none": None}
    now_ns = time.time_ns() // 1000 * 1000
    requests = []
    ids = []
    for number in range(3):
        trace_id = bytes([FORMATS.index(format) + 1]) + bytes(14) + bytes([number + 1])
        ids.append(trace_id.hex())
        for service in ("front", "back"):
            one = build.span(
                f"{service} {number}",
                trace_id=trace_id,
                span_id=number * 10 + len(service),
                parent=0 if service == "front" else number * 10 + 5,
                start_ns=now_ns - 10**9,
                kind=2 if service == "front" else 3,
                attrs=rich,
                error=service == "back",
            )
            one.status.message = "broken" if service == "back" else ""
            event = one.events.add(time_unix_nano=now_ns, name="tick")
            event.attributes.extend(build.attributes({"n": "1"}))
            one.links.add(trace_id=bytes(15) + b"\1", span_id=bytes(7) + b"\2")
            request = build.request(one, service=f"{format}-{service}")
            request.resource_spans[0].scope_spans[0].scope.name = "shop"
            requests.append(request.SerializeToString())
    return ids, b"".join(requests)


def test_export_and_import_give_the_same_traces(
    shared_clew: Clew, other_clew: Clew, tmp_path: Path
) -> None:
    ids = []
    for format in FORMATS:
        own, data = sent(format)
        ids += own
        (tmp_path / f"sent-{format}").write_bytes(data)
    done = clew(shared_clew, "import", *sorted(tmp_path.glob("sent-*")), "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["files"], said["traces"], said["spans"], said["accepted"]) == (5, 15, 30, 30)
    before = exported(shared_clew, ids)
    assert sorted(before) == ids

    files = [tmp_path / format for format in FORMATS]
    for format, file in zip(FORMATS, files, strict=True):
        query = f'service.name = "{format}-front"'
        done = clew(shared_clew, "export", query, "--format", format, "-o", file)
        assert (done.returncode, done.stderr) == (0, b"3 traces, 6 spans\n"), format
    assert not list(tmp_path.glob(".*"))

    done = clew(other_clew, "import", *files)
    assert done.returncode == 0, done.stderr
    assert b"5 files, 15 traces, 30 spans: 30 accepted, 0 refused, 0 unreadable" in done.stderr
    after = exported(other_clew, ids)
    for trace_id in ids:
        assert after[trace_id] == before[trace_id]


def test_old_file_is_moved_to_now(shared_clew: Clew, tmp_path: Path) -> None:
    file = tmp_path / "old.json"
    trace_id = bytes.fromhex("77" * 16)
    old = build.request(build.span(trace_id=trace_id, start_ns=10**18), service="old")
    file.write_bytes(old.SerializeToString())
    done = clew(shared_clew, "import", file, "--shift-to-now")
    assert done.returncode == 0, done.stderr
    [[group]] = exported(shared_clew, [trace_id.hex()]).values()
    [moved] = json.loads(group)["scopeSpans"][0]["spans"]
    assert int(moved["endTimeUnixNano"]) - int(moved["startTimeUnixNano"]) == 1_000_000
    assert abs(time.time_ns() - int(moved["endTimeUnixNano"])) < 60 * 10**9


def test_what_is_wrong_is_named_and_the_rest_is_kept(shared_clew: Clew, tmp_path: Path) -> None:
    good = build.request(build.span(trace_id=bytes.fromhex("78" * 16), start_ns=time.time_ns()))
    (tmp_path / "good").write_bytes(good.SerializeToString())
    (tmp_path / "lines.json").write_text('{"resourceSpans":[]}\n{"resourceSpans":[{"scope\n')
    refused = build.request(build.span(trace_id=b"short"))
    (tmp_path / "refused").write_bytes(refused.SerializeToString())
    files = [tmp_path / name for name in ("lines.json", "missing", "refused", "good")]
    done = clew(shared_clew, "import", *files)
    assert done.returncode == 1
    said = done.stderr.decode()
    assert "lines.json: line 2, byte" in said
    assert "missing: cannot be read: No such file or directory" in said
    assert "3 files, 2 traces, 2 spans: 1 accepted, 1 refused, 2 unreadable" in said
    assert exported(shared_clew, ["78" * 16])


def test_export_that_fails_leaves_the_file_as_it_was(shared_clew: Clew, tmp_path: Path) -> None:
    file = tmp_path / "kept"
    file.write_text("old")
    done = clew(shared_clew, "export", "{ nonsense", "-o", file)
    assert done.returncode == 1
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert file.read_text() == "old"


def test_trace_that_is_not_there_is_named(shared_clew: Clew) -> None:
    done = clew(shared_clew, "export", "--trace", "ab" * 16)
    assert done.returncode == 1
    assert json.loads(done.stdout) == {"resourceSpans": []}
    assert f"no span is stored of: {'ab' * 16}".encode() in done.stderr
