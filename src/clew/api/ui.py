"""Gives out the web UI: files that `make ui` has built into `clew/ui`, the same for everybody.

They hold no data, so they need no key. The page names a nonce that is new in each answer.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from clew.api.errors import answer
from clew.api.types import ErrorDetail
from clew.headers import SAFE
from clew.pages import is_page, page_headers, plain_page

BUILT = Path(__file__).resolve().parent.parent / "ui"
ASSETS = "/assets/"
_NONCE_PLACE = "__CSP_NONCE__"
# The name of a file holds a hash of its content.
_FOR_EVER = {**SAFE, "Cache-Control": "public, max-age=31536000, immutable"}


class Ui:
    """Answers what is a page or one of its files, and passes on everything else."""

    def __init__(self, app: ASGIApp, built: Path) -> None:
        self._app = app
        self._index = built / "index.html"
        self._files = StaticFiles(directory=built, check_dir=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve GET and HEAD of pages and files."""
        if scope["type"] == "http":
            path, method = scope["path"], scope["method"]
            if is_page(method, path, Headers(scope=scope).get("accept", "")):
                await self._page()(scope, receive, send)
                return
            if path.startswith(ASSETS):
                response = await self._file(scope)
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _page(self) -> Response:
        # Read each time: it names files of the build that is there now.
        try:
            page = self._index.read_text("utf-8")
        except FileNotFoundError:
            text = plain_page("The UI is not built", "Build it with make ui, and start Clew again.")
            return HTMLResponse(text, 404, page_headers())
        nonce = secrets.token_urlsafe(16)
        return HTMLResponse(page.replace(_NONCE_PLACE, nonce), 200, page_headers(nonce))

    async def _file(self, scope: Scope) -> Response:
        try:
            found = await self._files.get_response(scope["path"][1:], scope)
        except HTTPException as error:
            return answer(error.status_code, ErrorDetail(code="not_found", message="No such file."))
        if isinstance(found, FileResponse) or found.status_code == 304:
            found.headers.update(_FOR_EVER)
        return found
