#!/bin/sh
# For RUSTC_WORKSPACE_WRAPPER: our own crates count which of their places run, dependencies do not.
exec "$@" -C instrument-coverage --cfg clew_coverage
