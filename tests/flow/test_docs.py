"""Every shell command in the README and the guides runs, and prints what the page says.

A block that cannot be run has `<!-- not run: why -->` above it. A ```text block after a shell block
is its output: `…` stands for anything, blanks for any blanks. A ```python block that begins with
`# NAME` is that file.
"""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.flow.conftest import environ_for
from tests.flow.server import Clew, free_ports

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
RUN = [page for page in PAGES if "```sh\n" in page.read_text()]
# Spans are stored about a second after they came; a page's output may need that long.
EXPECTED_WITHIN_S = 30

_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<reason>[^\n]*?) -->\n+)?"
    r"^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass
class Block:
    """A fenced block of a page."""

    language: str
    text: str
    reason: str | None


def blocks(page: str) -> list[Block]:
    return [
        Block(found["language"], found["text"], found["reason"]) for found in _BLOCK.finditer(page)
    ]


def matches(expected: str, output: str) -> bool:
    """Each expected line is found in the output, in this order."""
    lines = iter(output.splitlines())
    for line in expected.splitlines():
        pattern = re.compile(
            r"\s+".join(
                ".*".join(re.escape(part) for part in word.split("…")) for word in line.split()
            )
        )
        if not any(pattern.search(found) for found in lines):
            return False
    return True


class Reader:
    """Somebody who types what the page says, into one folder."""

    def __init__(self, server: Clew, folder: Path) -> None:
        self._folder = folder
        self._environ = environ_for(server)
        (app_port,) = free_ports(1)
        self._addresses = {
            "127.0.0.1:4317": server.grpc.removeprefix("http://"),
            "127.0.0.1:4318": server.http.removeprefix("http://"),
            "127.0.0.1:7070": server.ui.removeprefix("http://"),
            "--port 8000": f"--port {app_port}",
            "127.0.0.1:8000": f"127.0.0.1:{app_port}",
        }

    def save(self, text: str) -> None:
        if found := re.match(r"# (\S+\.py)\n", text):
            (self._folder / found[1]).write_text(text)

    def type(self, text: str) -> subprocess.CompletedProcess[str]:
        for shown, real in self._addresses.items():
            text = text.replace(shown, real)
        return subprocess.run(
            ["sh", "-eu", "-c", text],
            cwd=self._folder,
            env=self._environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=90,
        )

    def read(self, page: str) -> int:
        """Runs the page; how many blocks were typed."""
        typed = 0
        found = blocks(page)
        for block, following in zip(found, [*found[1:], None], strict=True):
            if block.language == "python":
                self.save(block.text)
            if block.language != "sh" or block.reason:
                continue
            typed += 1
            is_output = following is not None and following.language == "text"
            self.expect(block.text, following.text if following and is_output else "")
        return typed

    def expect(self, text: str, output: str) -> None:
        deadline = time.monotonic() + EXPECTED_WITHIN_S
        while True:
            done = self.type(text)
            assert done.returncode == 0, f"{text}\nended with {done.returncode}:\n{done.stdout}"
            if matches(output, done.stdout):
                return
            assert time.monotonic() < deadline, f"{text}\nprinted:\n{done.stdout}\nnot:\n{output}"
            time.sleep(0.3)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_commands_of_the_page_work(page: Path, shared_clew: Clew, tmp_path: Path) -> None:
    assert Reader(shared_clew, tmp_path).read(page.read_text()) > 0


def test_readme_and_guides_have_commands() -> None:
    assert {"README.md", "first-trace.md"} <= {page.name for page in RUN}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize(
    ("expected", "output", "same"),
    [
        ("a … c\n", "a b c", True),
        ("a\nb\n", "a\nx\nb\n", True),
        ("b\na\n", "a\nb\n", False),
        ("a  b\n", "a b\n", True),
        ("1.5", "1x5", False),
        ("", "", True),
    ],
)
def test_output_is_compared_line_by_line(expected: str, output: str, same: bool) -> None:
    assert matches(expected, output) is same


def test_block_that_is_not_run_needs_its_marker_right_above() -> None:
    page = "<!-- not run: no -->\n```sh\na\n```\ntext\n```sh\nb\n```\n"
    assert [(block.text, block.reason) for block in blocks(page)] == [("a\n", "no"), ("b\n", None)]
