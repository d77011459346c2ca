#!/bin/sh
# Finds Python and Rust and makes the virtual environment $1, or says in one line what is missing.
# PYTHON=/path/to/python names the interpreter to use.
set -eu
venv=$1
say() { echo "clew: $1" >&2; exit 1; }

usable() { # a shim that only prints an error does not count
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

command -v cargo >/dev/null 2>&1 ||
    say "Rust is missing; install it with rustup (https://rustup.rs), then run make again"
rust=$(cargo --version 2>/dev/null | sed 's/^cargo \([0-9]*\)\.\([0-9]*\).*/\1 \2/')
wanted=$(sed -n 's/^rust-version = "1\.\([0-9]*\)".*/\1/p' Cargo.toml)
# shellcheck disable=SC2086 # two numbers
set -- ${rust:-0 0}
[ "$1" -gt 1 ] || { [ "$1" -eq 1 ] && [ "$2" -ge "$wanted" ]; } ||
    say "Rust 1.$wanted or newer is needed and this is $1.$2; run rustup update, then make again"
command -v cc >/dev/null 2>&1 ||
    say "a C linker is missing; install gcc or clang (Debian: apt-get install build-essential)"

if [ -x "$venv/bin/python" ]; then
    usable "$venv/bin/python" || say "$venv is not Python 3.11 or newer; run make clean, then make again"
    exit 0
fi

if [ -n "${PYTHON:-}" ]; then
    usable "$PYTHON" || say "PYTHON=$PYTHON is not Python 3.11 or newer"
    python=$PYTHON
else
    python=
    for name in python3 python3.14 python3.13 python3.12 python3.11; do
        if usable "$name"; then python=$name; break; fi
    done
    [ -n "$python" ] ||
        say "Python 3.11 or newer is missing; install it (Debian: apt-get install python3 python3-venv), or run make PYTHON=/path/to/python"
fi
"$python" -c 'import ensurepip, venv' >/dev/null 2>&1 ||
    say "$python has no venv module; install it (Debian: apt-get install python3-venv)"
echo "clew: making $venv with $("$python" --version)" >&2
"$python" -m venv "$venv"
