#!/bin/sh
# Says in one line what is missing to build the web UI, and fails; silent when nothing is.
set -eu
minimum=20.19
found=$(node --version 2>/dev/null || true)
if [ -z "$found" ] || ! command -v npm >/dev/null; then
    echo "clew: no Node.js here: the UI is not built, all else works; install Node.js $minimum or newer with npm, then make ui" >&2
    exit 1
fi
if [ "$(printf '%s\n%s\n' "$minimum" "${found#v}" | sort -V | head -n 1)" != "$minimum" ]; then
    echo "clew: Node.js $found is too old: the UI is not built, all else works; install $minimum or newer, then make ui" >&2
    exit 1
fi
