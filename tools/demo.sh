#!/bin/sh
# Starts Clew and the shop that sends to it, until Ctrl-C; both end together. CLEW_* settings apply.
set -eu

ui="http://${CLEW_UI:-127.0.0.1:7070}"
otlp="http://${CLEW_HTTP:-127.0.0.1:4318}"
export CLEW_API="${CLEW_API:-$ui}"

if clew services >/dev/null 2>&1; then
    echo "clew: something answers at $ui already; stop it, or choose another address by CLEW_UI" >&2
    exit 1
fi

clew serve &
server=$!
shop=
# shellcheck disable=SC2086 # no shop yet, no argument
trap 'kill $server $shop 2>/dev/null || true; wait' EXIT
trap 'exit 0' INT TERM

until clew services >/dev/null 2>&1; do
    kill -0 "$server" 2>/dev/null || exit 1 # it has said why
    sleep 0.2
done
cat >&2 <<END

Clew is ready, and a small shop sends to it. In another terminal:
  clew services
  clew search 'service.name = checkout'
  clew trace \$(clew send --wait)
(clew is .venv/bin/clew; the API is $ui/api/v1/services; Ctrl-C here stops both.)

END
clew demo --endpoint "$otlp" "$@" &
shop=$!
wait "$shop"
