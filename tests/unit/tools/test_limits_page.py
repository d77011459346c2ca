"""docs/reference/limits.md says the defaults of the code, and names what exists."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from clew._kernel import limits
from clew.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/reference/limits.md").read_text()
LEDGER = (ROOT / "docs/reference/ledger.md").read_text()
METRICS = (ROOT / "src/clew/metrics.txt").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in re.findall(r"^\| (?!What|---).*\|$", PAGE, re.M)
]
# The row of the page → the name in the kernel's table; two rows may share a bound.
NAMES = {
    "A request, after decompression": "max_request_bytes",
    "All requests in memory": "intake_memory_bytes",
    "Connections": "max_connections",
    "Quiet time after which a connection makes room for another": "quiet_s",
    "Calls at one time on all connections": "streams_in_all",
    "Memory that a request counts beside its body": "request_cost_bytes",
    "A request that finds room beside large ones that took all memory": "small_bytes",
    "Connections of one address": "max_connections_per_address",
    "Refused connections that are told so at one time": "told_connections",
    "Spans a second, of all senders": "max_spans_per_second",
    "Seconds' worth of spans that may come at once": "burst_s",
    "Delay that a sender above its rate is told": "retry_most_s",
    "Calls at one time on an HTTP/2 connection": "streams",
    "Request line and headers, HTTP/1": "http1_head_bytes",
    "Number of headers, HTTP/1": "http1_headers",
    "Headers, HTTP/2": "http2_head_bytes",
    "Time for first byte, request line and headers": "head_s",
    "Time for a body": "body_s",
    "Time without a request": "idle_s",
    "Silence before an HTTP/2 ping": "ping_interval_s",
    "Time for the answer to a ping": "ping_timeout_s",
    "Nesting of an attribute value": "nesting",
    "Attributes of one owner": "max_attributes",
    "An attribute value, status message or trace state": "max_value_bytes",
    "A name of a span, event or scope, a scope's version": "name_bytes",
    "An attribute's key": "name_bytes",
    "Resource and scope together, decoded": "head_bytes",
    "A span with its resource and scope, decoded": "span_bytes",
    "A request with the resource repeated for each span": "decoded_bytes",
    "Time between two notes to one sender": "note_interval_s",
    "Senders remembered for notes": "note_senders",
    "Kinds of knocks of one address kept apart in ten minutes": "ledger_kinds_of_one",
    "Kinds of knocks of all addresses kept apart in two seconds": "ledger_kinds",
}
# A bound of each key; there is none for all of them.
OF_KEYS = "Spans a second, of one key"
UNITS = {"": 1, "s": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def number(text: str) -> int:
    if text == "none":
        return 0
    digits, _, unit = text.partition(" ")
    return int(digits.replace(",", "")) * UNITS[unit]


def test_every_bound_of_the_kernel_has_its_row_and_every_row_its_bound() -> None:
    assert {row[0] for row in ROWS} == NAMES.keys() | {OF_KEYS}
    assert set(NAMES.values()) == limits().keys()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_row_says_the_default_of_the_code(row: list[str]) -> None:
    what, default, setting, *_ = row
    if what == OF_KEYS:
        assert default == "none"
        return
    assert number(default) == limits()[NAMES[what]]
    found = re.fullmatch(r"\[`(\w+)`\]\(settings\.md#(\w+)\)", setting)
    assert (setting == "fixed") == (found is None)
    if found:
        assert found[1] == found[2]
        defaults = {one.name: one.default for one in dataclasses.fields(Settings)}
        # This one's 0 stands for a quarter of another.
        expected = 0 if found[1] == "max_connections_per_address" else number(default)
        assert defaults[found[1]] == expected


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_named_metrics_and_ledger_reasons_exist(row: list[str]) -> None:
    *_, metric, reason = row
    for name in re.findall(r"`(clew_\w+)", metric):
        assert re.search(rf"^{name} ", METRICS, re.M), name
    for word in re.findall(r"`(\w+)`", reason):
        assert f"`{word}`" in LEDGER, word
