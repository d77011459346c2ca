"""The headers that every answer on the UI's port carries, whichever process gives it."""

SAFE = {
    # Traces hold what users did: no browser or proxy keeps them.
    "Cache-Control": "no-store",
    # An attribute that looks like a page must not be taken for one.
    "X-Content-Type-Options": "nosniff",
    # For all but pages: nothing of it may run, load or be framed. No HSTS: it would hold for
    # every port of the host, and make other servers on a developer's machine unreachable.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Addresses hold what somebody searched for.
    "Referrer-Policy": "no-referrer",
}
