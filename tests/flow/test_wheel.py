"""The wheel as a user installs it: complete, and useful without the store."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.thorough  # it compiles the kernel anew

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
SERVER = (
    "sqlalchemy",
    "chdb",
    "fastapi",
    "pyarrow",
    "uvicorn",
    "uvloop",
    "httptools",
    "numpy",
    "pandas",
)


# Loads every script that the page names, too.
SERVES = """
import re
from starlette.applications import Starlette
from starlette.testclient import TestClient
from clew.api import ui
client = TestClient(ui.Ui(Starlette(), ui.BUILT))
page = client.get("/", headers={"accept": "text/html"})
assert page.status_code == 200, page.text
for path in re.findall(r'"(/assets/[^"]+)"', page.text):
    assert client.get(path).status_code == 200, path
print(ui.__file__, page.text)
"""


def built_ui() -> list[Path]:
    files = [path for path in (ROOT / "src" / "clew" / "ui").rglob("*") if path.is_file()]
    assert files, "the UI is not built: make ui"
    return files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [str(BIN / "maturin"), "build", "--release", "--quiet", "--out", str(folder)],
        cwd=ROOT,
        check=True,
        timeout=600,
    )
    (built,) = folder.glob("clew-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    folder = wheel.parent / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, wheel],
        check=True,
    )
    return folder


def run(installed: Path, program: str) -> subprocess.CompletedProcess[str]:
    """With the wheel and the base dependencies only."""
    hidden = f"import sys; sys.modules.update(dict.fromkeys({SERVER!r}))\n"
    return subprocess.run(
        [sys.executable, "-c", hidden + program],
        cwd=installed.parent,
        env={"PYTHONPATH": str(installed), "PATH": "/usr/bin:/bin", "HOME": str(installed)},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.timeout(900)
def test_wheel_holds_the_package_whole_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    sources = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src" / "clew").rglob("*")
        if path.suffix in {".py", ".pyi", ".sql"} or path.name in {"_order", "_settings"}
    }
    assert sources <= set(names)
    assert "clew/_kernel.abi3.so" in names
    assert "abi3" in wheel.name
    pages = {path.relative_to(ROOT / "src").as_posix() for path in built_ui()}
    assert {"clew/ui/index.html", "clew/ui/THIRD-PARTY-LICENSES"} <= pages
    assert {name for name in names if name.startswith("clew/ui/")} == pages
    assert not [name for name in names if not name.startswith(("clew/", "clew-"))]


@pytest.mark.timeout(900)
def test_installed_wheel_serves_the_page(installed: Path) -> None:
    """By the application that `clew serve` runs, from what the wheel has brought."""
    done = subprocess.run(
        [sys.executable, "-c", SERVES],
        cwd=installed.parent,
        env={"PYTHONPATH": str(installed), "PATH": "/usr/bin:/bin", "HOME": str(installed)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(installed))
    assert '<div id="root">' in done.stdout
    assert "__CSP_NONCE__" not in done.stdout


@pytest.mark.timeout(900)
def test_metadata_names_the_server_as_an_extra(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith("METADATA"))
    metadata = archive.read(name).decode()
    assert "Provides-Extra: server" in metadata
    required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist: ")]
    base = [line for line in required if "extra ==" not in line]
    assert base
    assert not [line for line in base if any(name in line for name in SERVER)]


@pytest.mark.timeout(900)
def test_command_line_works_without_the_server_extra(installed: Path) -> None:
    done = run(
        installed,
        "import clew.cli.app as app\nprint(app.__file__)\nsys.argv = ['clew', 'version']\n"
        "app.main()",
    )
    assert done.returncode == 0, done.stderr
    assert str(installed) in done.stdout
    assert "clew 0." in done.stdout


@pytest.mark.timeout(900)
def test_serve_without_the_server_extra_says_what_to_install(installed: Path) -> None:
    done = run(installed, "import clew.cli.app as app\nsys.argv = ['clew', 'serve']\napp.main()")
    assert done.returncode == 1
    assert "pip install 'clew[server]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.timeout(900)
def test_keys_on_a_folder_without_the_server_extra_say_what_to_install(installed: Path) -> None:
    words = ["clew", "keys", "list", "--data-dir", "."]
    done = run(installed, f"import clew.cli.app as app\nsys.argv = {words!r}\napp.main()")
    assert done.returncode == 1
    assert "pip install 'clew[server]'" in done.stderr
    assert "Traceback" not in done.stderr
