"""Writes `web/openapi.json`, from which the types of the UI are generated.

`--check` only compares.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from clew.api.access import Access, KeyStore
from clew.api.app import create_app
from clew.api.health import Status
from clew.query import Reader

PATH = Path("web/openapi.json")


def document() -> dict[str, Any]:
    """What the server answers at `/openapi.json`; making it asks nothing."""
    reader = cast(Reader, SimpleNamespace(queries=1, streams=1))
    app = create_app(reader, cast(Status, None), Access(cast(KeyStore, None)))
    return app.openapi()


def main(root: Path, check: bool) -> int:
    """Writes the file anew, or says that it should be."""
    text = json.dumps(document(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if not check:
        (root / PATH).write_text(text, encoding="utf-8")
    elif (root / PATH).read_text(encoding="utf-8") != text:
        print(f"error: {PATH} is not what the API answers; run make types", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent, "--check" in sys.argv[1:]))
