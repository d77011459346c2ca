"""Which requests on the UI's port are for pages, and what pages carry, whoever answers them."""

from __future__ import annotations

import html

from clew.headers import SAFE

# What the API, probes and senders ask for is never a page, whatever they accept.
_NOT_PAGES = ("api", "v1", "livez", "readyz", "metrics", "openapi.json", "assets")


def is_page(method: str, path: str, accept: str) -> bool:
    """Browsers say that they want HTML; programs that ask for what is not there get an error."""
    first, _, _ = path[1:].partition("/")
    if method not in ("GET", "HEAD") or not path.startswith("/") or first in _NOT_PAGES:
        return False
    last = path.rpartition("/")[2]
    return path == "/" or ("text/html" in accept and "." not in last)


def page_headers(nonce: str = "") -> dict[str, str]:
    """Scripts and styles come from our files; a style sheet that a script makes needs the nonce."""
    styles = f"'self' 'nonce-{nonce}'" if nonce else "'self'"
    policy = (
        f"default-src 'none'; script-src 'self'; style-src {styles}; font-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    return {**SAFE, "Content-Security-Policy": policy}


def plain_page(title: str, text: str, reload_seconds: int | None = None) -> str:
    """A page without scripts and styles; for when there is no other."""
    reload = (
        "" if reload_seconds is None else f'<meta http-equiv="refresh" content="{reload_seconds}">'
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" '
        f'content="light dark">{reload}<title>{html.escape(title)} · Clew</title>'
        f"<h1>{html.escape(title)}</h1><p>{html.escape(text)}</p>"
    )
