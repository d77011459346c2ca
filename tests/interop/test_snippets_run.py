"""The snippets of the "Send data" page, run as shown against a server that asks for keys, under a
service name that no shell should ever see unquoted; each trace is found by that name.

`make setup-interop` installs what they install, in pinned versions. Where a toolchain is missing
the test is left out; in continuous integration it has to be there.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.flow.server import Clew, free_ports
from tests.snippets import ROOT, catalogue, snippet, values_of
from tests.thorough import THOROUGH

APPS = Path(__file__).with_name("snippet_apps")
INSTALLED = ROOT / "target"
FOUND_WITHIN_S = 40

pytestmark = pytest.mark.timeout(240)


@dataclass
class Door:
    """A server with a key to send by, and a folder to work in."""

    server: Clew
    key: str

    def values(self, service: str, host: str = "127.0.0.1") -> dict[str, str | None]:
        http, grpc = (f"http://{host}:{self.server.ports[port]}" for port in (1, 0))
        return values_of(http, grpc, service, self.key)

    def spans_of(self, service: str) -> list[str]:
        """Names of root spans of traces of this service."""
        query = urllib.parse.quote(
            f"{{ resource.service.name = {json.dumps(service, ensure_ascii=False)} }}"
        )
        status, text = self.server.get(f"/api/v1/search?q={query}")
        assert status == 200, text
        return [trace["rootName"] for trace in json.loads(text)["traces"]]

    def wait_for(self, service: str, log: Callable[[], str]) -> list[str]:
        deadline = time.monotonic() + FOUND_WITHIN_S
        while True:
            with contextlib.suppress(OSError):  # a busy machine: no answer in time
                if found := self.spans_of(service):
                    return found
            assert time.monotonic() < deadline, f"{service} was not found\n{log()}"
            time.sleep(0.2)


def make_key(data: Path, name: str, scope: str) -> str:
    command = [sys.executable, "-m", "clew", "keys", "create", name, "--scope", scope]
    made = subprocess.run(
        [*command, "--data-dir", str(data)], check=True, capture_output=True, text=True
    )
    return made.stdout.strip()


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("snippets")
    key, reader = (make_key(folder / "data", scope, scope) for scope in ("ingest", "read"))
    server = Clew(folder / "data", folder / "log", options=("--require-keys",), key=reader)
    server.start()
    server.wait_ready()
    yield Door(server, key)
    server.stop()


def require(made: Path, tools: Sequence[str]) -> Path:
    """Skips the test where a tool is missing; where none is, `make setup-interop` has been run."""
    if made.exists():
        return made
    missing = [tool for tool in tools if shutil.which(tool) is None]
    why = f"{made.relative_to(ROOT)} is missing: install {', '.join(missing) or 'nothing'}"
    why += " and run make setup-interop"
    if THOROUGH or os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(f"SNIPPET NOT RUN: {why}")


def hostile(name: str) -> str:
    return f'it\'s "{name}" $(touch owned) `touch owned` ${{HOME}} $$ # é \\'


def environ() -> dict[str, str]:
    """As a user's shell, without the settings of other tests."""
    inherited = {name: value for name, value in os.environ.items() if "OTEL_" not in name}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**inherited, "PATH": path, "PYTHONUNBUFFERED": "1"}


def run(folder: Path, *parts: str, **more: str) -> str:
    """Runs them as one shell script; what was printed."""
    done = subprocess.run(
        ["sh", "-e", "-c", "\n".join(parts)],
        cwd=folder,
        env={**environ(), **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=170,  # the Java agent takes nine seconds of CPU to start
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert not (folder / "owned").exists()
    return said


def run_and_find(door: Door, folder: Path, language: str) -> list[str]:
    """Configures and runs as the page says for a language; names of the root spans that came."""
    service = hostile(language)
    values = door.values(service)
    said = run(folder, snippet("environment.sh", values), snippet(f"{language}-run.sh", values))
    return door.wait_for(service, lambda: said)


def test_python(door: Door, tmp_path: Path) -> None:
    shutil.copy(APPS / "app.py", tmp_path)
    assert "GET /hello/{name}" in run_and_find(door, tmp_path, "python")


def test_java(door: Door, tmp_path: Path) -> None:
    agent = require(
        INSTALLED / "snippets-java/opentelemetry-javaagent.jar", ("mvn", "java", "javac", "jar")
    )
    (tmp_path / "opentelemetry-javaagent.jar").symlink_to(agent)
    run(tmp_path, f"javac -d classes '{APPS / 'App.java'}'", "jar cfe app.jar App -C classes .")
    assert run_and_find(door, tmp_path, "java")


def test_node(door: Door, tmp_path: Path) -> None:
    modules = require(INSTALLED / "snippets-node/node_modules", ("node", "npm"))
    (tmp_path / "node_modules").symlink_to(modules)
    shutil.copy(APPS / "app.js", tmp_path)
    assert "GET" in run_and_find(door, tmp_path, "node")


def test_go(door: Door, tmp_path: Path) -> None:
    require(INSTALLED / "snippets-go/stamp", ("go",))
    service = hostile("go")
    values = door.values(service)
    (port,) = free_ports(1)
    for name in ("go.mod", "go.sum"):
        shutil.copy(ROOT / "requirements/snippets-go" / name, tmp_path)
    for name in ("tracing.go", "main.go"):
        text = snippet(f"go-{name}", values).replace("127.0.0.1:8080", f"127.0.0.1:{port}")
        (tmp_path / name).write_text(text)
    log = tmp_path / "log"
    script = snippet("environment.sh", values) + snippet("go-run.sh", values)
    with background(script, tmp_path, log):
        fetch(f"http://127.0.0.1:{port}/hello/world", log)
    assert door.wait_for(service, log.read_text) == ["GET /hello/{name}"]
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("template", ["collector.yaml", "collector-grpc.yaml"])
def test_collector(door: Door, tmp_path: Path, template: str) -> None:
    program = require(INSTALLED / "snippets-collector/otelcol", ("go",))
    service = hostile(template)
    grpc, http = free_ports(2)
    text = snippet(template, door.values(service))
    text = text.replace(":14317", f":{grpc}").replace(":14318", f":{http}")
    (tmp_path / "collector.yaml").write_text(text)
    log = tmp_path / "log"
    script = snippet("collector-run.sh", door.values(service))
    with background(script, tmp_path, log, PATH=f"{program.parent}{os.pathsep}{environ()['PATH']}"):
        sender = values_of(f"http://127.0.0.1:{http}", f"http://127.0.0.1:{grpc}", service, None)
        fetch(f"http://127.0.0.1:{http}/", log)
        run(tmp_path, snippet("curl.sh", sender))
        assert door.wait_for(service, log.read_text) == ["hello from curl"]


def test_curl(door: Door, tmp_path: Path) -> None:
    service = hostile("curl")
    said = run(tmp_path, snippet("curl.sh", door.values(service)))
    assert json.loads(said).get("partialSuccess", {}) == {}
    assert door.wait_for(service, lambda: said) == ["hello from curl"]


def test_kubernetes_environment(door: Door, tmp_path: Path) -> None:
    service = hostile("kubernetes")
    # Not loopback for the snippet, this machine for the system.
    values = door.values(service, host="0.0.0.0")
    deployment = yaml.safe_load(snippet("kubernetes.yaml", values))
    secret = yaml.safe_load(snippet("kubernetes-secret.yaml", values))["stringData"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    given = {
        one["name"]: one["value"].replace("$$", "$")
        if "value" in one
        else secret[one["valueFrom"]["secretKeyRef"]["key"]]
        for one in container["env"]
    }
    shutil.copy(APPS / "app.py", tmp_path)
    said = run(tmp_path, snippet("python-run.sh", values), **given)
    assert "GET /hello/{name}" in door.wait_for(service, lambda: said)


def test_every_language_that_is_said_to_be_run_is_run_here() -> None:
    run_here = {name.split("_")[1] for name in globals() if name.startswith("test_")} - {"every"}
    said = {one["id"] for one in catalogue() if one["proof"] in {"run", "variables"}}
    assert said == run_here
    assert {one["proof"] for one in catalogue()} == {"run", "variables", "documentation"}


@contextlib.contextmanager
def background(script: str, folder: Path, log: Path, **more: str) -> Iterator[None]:
    """Runs a script meanwhile; Ctrl-C ends it, as it would be ended in a terminal."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            ["sh", "-e", "-c", script],
            cwd=folder,
            env={**environ(), **more},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            pytest.fail(f"Ctrl-C did not end it:\n{log.read_text()}")


def fetch(address: str, log: Path) -> None:
    """Asks until somebody answers, whatever the answer is."""
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except (urllib.error.URLError, ConnectionError):
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
