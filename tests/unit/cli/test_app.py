"""The program from outside: exit status, streams, and how little it imports."""

from __future__ import annotations

import os
import resource
import subprocess
import sys

import pytest
from typer.main import get_command

HEAVY = ("chdb", "fastapi", "grpc", "httpx2", "numpy", "orjson", "pyarrow", "clew.serve")


def clew(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "clew", *arguments], capture_output=True, text=True, timeout=30
    )


@pytest.mark.parametrize("argument", ["version", "--version"])
def test_version_is_printed(argument: str) -> None:
    done = clew(argument)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("clew 0.")


@pytest.mark.parametrize("arguments", [("--help",), ("version",), ("serve", "--help")])
def test_cheap_commands_import_nothing_heavy(arguments: tuple[str, ...]) -> None:
    program = (
        "import sys\n"
        "from clew.cli.app import app\n"
        f"app({list(arguments)!r}, standalone_mode=False)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr.strip() == "[]"


def test_help_comes_at_once() -> None:
    def cpu_seconds() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = cpu_seconds()
    assert clew("--help").returncode == 0
    # Processor time: the machine may be busy with other tests.
    assert cpu_seconds() - before < 0.3


def test_help_names_every_command() -> None:
    text = clew("--help").stdout
    for name in (
        "serve",
        "send",
        "trace",
        "search",
        "services",
        "operations",
        "ledger",
        "keys",
        "attributes",
        "demo",
        "status",
        "config",
        "version",
    ):
        assert f"  {name} " in text


def test_no_argument_is_a_usage_error_with_the_help() -> None:
    done = clew()
    assert done.returncode == 2
    assert "Commands:" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nonsense",), "No such command"),
        (("trace",), "Missing argument"),
        (("trace", "xyz"), "32 hex digits"),
        (("search", "--limit", "0"), "greater than or equal to 1"),
        (("search", "--cursor", "x", "--since", "1h"), "brings its time along"),
        (("serve", "--data-dir", ""), "--data-dir is empty"),
        (("search", "--since", "soon"), "write for example 90s"),
        (("search", "--since", "1h", "--start", "0"), "give one of them"),
        (("send", "--protocol", "smoke"), "grpc"),
        (("demo", "--rate", "0"), "0.01"),
        (("demo", "--duration", "long"), "write for example 90s"),
        (("serve", "--grpc", "4317"), "give HOST:PORT"),
        (("serve", "--http", "0.0.0.0:4318"), "not a loopback address"),
    ],
)
def test_wrong_usage_has_status_2_and_says_why(arguments: tuple[str, ...], said: str) -> None:
    done = clew(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr


# Port 1 of the loopback address: nobody listens there.
@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "--api", "127.0.0.1:1"),
        ("services", "--api", "127.0.0.1:1"),
        ("trace", "5b8efff798038103d269b633813fc60c", "--api", "127.0.0.1:1"),
        ("send", "--endpoint", "127.0.0.1:1"),
        ("send", "--endpoint", "127.0.0.1:1", "--protocol", "http/json"),
        ("send", "--endpoint", "127.0.0.1:1", "--protocol", "grpc"),
        ("demo", "--endpoint", "127.0.0.1:1", "--duration", "5s"),
    ],
)
def test_nobody_there_has_status_1_and_one_line_that_helps(arguments: tuple[str, ...]) -> None:
    done = clew(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    last = done.stderr.splitlines()[-1]
    assert last.startswith("clew: ")
    assert "clew serve" in last
    assert "Traceback" not in done.stderr


def test_grpc_takes_no_path() -> None:
    done = clew("send", "--protocol", "grpc", "--endpoint", "http://127.0.0.1:1/v1/traces")
    assert done.returncode == 1
    assert "gRPC takes no path; write http://127.0.0.1:1\n" in done.stderr


@pytest.mark.parametrize("arguments", [("version",), ("--help",), ("--version",)])
def test_full_disk_is_one_line_and_status_1(arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "clew", *arguments], stdout=full, stderr=-1, text=True
        )
    assert done.returncode == 1
    assert done.stderr == "clew: cannot write the output: No space left on device\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [("version",), ("--help",), ("demo", "--story")])
def test_closed_pipe_has_the_status_of_sigpipe_and_no_words(
    arguments: tuple[str, ...], unbuffered: str
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "clew", *arguments],
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        stdout=writing,
        stderr=-1,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_every_command_that_connects_can_be_told_what_to_trust_and_to_present() -> None:
    from clew.cli.app import app

    found = {
        name: {parameter.name for parameter in command.params}
        for name, command in get_command(app).commands.items()  # type: ignore[attr-defined]
    }
    asking = {name for name, names in found.items() if "api" in names}
    sending = {name for name, names in found.items() if "endpoint" in names}
    assert {"ledger", "status", "search"} <= asking
    assert sending == {"demo", "import", "send"}
    assert [name for name in asking | sending if "ca" not in found[name]] == []
    assert [name for name in sending if not {"cert", "cert_key"} <= found[name]] == []
