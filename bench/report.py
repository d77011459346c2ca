"""Writes RESULTS.md from results.json: `python -m bench.report`."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.targets import compare, number

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
PAGE = HERE / "RESULTS.md"

_LOADS = {
    "durable_grpc": "512, gRPC",
    "durable_http": "512, HTTP",
    "durable_grpc_gzip": "512, gRPC, gzip",
    "durable_http_gzip": "512, HTTP, gzip",
    "small_grpc": "10, gRPC",
    "small_http": "10, HTTP",
    "sustained": "512, gRPC, sustained",
}

_QUANTILES = ("p50", "p95", "p99")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def page(results: dict[str, Any]) -> str:
    parts = [
        "# Results",
        "Written by `make bench`; `README.md` beside this page says how each figure is taken.",
        _machine(results),
        "## Against the targets",
        table(("what", "target", "measured", ""), compare(results)),
        "The server and the load generator share all cores.",
        "## Ingest",
        _ingest(results),
        _sustained(results.get("sustained", {}), results.get("store") or {}),
        *_door(results.get("door")),
        "## Memory",
        _memory(results),
        "## Answers on the loaded store",
        _answers(results),
    ]
    for name, asked in results.items():
        if name.startswith("questions_"):
            parts += [f"## Questions to {number(asked['spans'])} spans", _questions(asked)]
    if results.get("kernel"):
        parts += ["## Kernel alone, one core", _kernel(results["kernel"])]
    if results.get("ui"):
        parts += ["## Traces in the browser", _browser(results["ui"])]
    if results.get("kills"):
        parts += ["## Kills", _kills(results["kills"])]
    if results.get("outage"):
        parts += ["## Two minutes without a store", _kills(results["outage"])]
    if results.get("failed"):
        parts += ["## Not measured", _list(results["failed"].items())]
    return "\n\n".join(part for part in parts if part) + "\n"


def _machine(results: dict[str, Any]) -> str:
    machine = results["machine"]
    sync = machine["fdatasync_ms"]
    return _list(
        [
            ("Date, commit", f"{machine['date']}, {machine['commit']}"),
            ("Command", f"`{machine['command']}` ({results['size']['name']} size)"),
            (
                "Machine",
                f"{machine['cores']} × {machine['cpu']}, {number(machine['memory_mib'])} MiB, "
                f"Linux {machine['kernel']}, Python {machine['python']}; "
                f"load average before {machine['load_average_before']:.2f}",
            ),
            (
                "Disk, append and fdatasync",
                "; ".join(
                    f"{size} p50 {t['p50']} ms, p99 {t['p99']} ms" for size, t in sync.items()
                ),
            ),
            (
                "Data",
                "Jaeger's benchmark shape: 10 spans a trace, 11 string attributes a span out of "
                "97 keys and 1,000 values, 10 services",
            ),
        ]
    )


def _ingest(results: dict[str, Any]) -> str:
    rows = []
    for name, title in _LOADS.items():
        if not (row := results.get(name)):
            continue
        ack, errors = row["ack_ms"], row["errors"] or row["retried"]
        rows.append(
            (
                title,
                f"open, {number(row['rate'])}/s" if row["rate"] else "closed",
                f"{row['seconds']:.0f}",
                number(row["spans_per_s"]),
                number(row["requests_per_s"]),
                f"{ack['p50']:.1f}",
                f"{ack['p99']:.1f}",
                f"{ack['max']:.0f}",
                f"{row['bytes_per_span']:.0f}",
                f"{row['server_cpu_s'] / row['spans']['accepted'] * 1e6:.2f}",
                f"{row['generator']['cpu_us_per_span']:.2f}",
                ", ".join(f"{kind} {count}" for kind, count in errors.items()) or "none",
            )
        )
    head = (
        *("spans a request", "loop", "s", "spans/s", "requests/s"),
        *("ack p50 ms", "p99", "max", "B/span sent"),
        *("server CPU µs/span during the load", "generator's", "errors"),
    )
    return table(head, rows)


def _sustained(row: dict[str, Any], store: dict[str, Any]) -> str:
    if not row:
        return ""
    facts = [
        ("Spans acknowledged", number(row["spans"]["accepted"])),
        ("Stored, seconds after the last was sent", str(row["drained_s"])),
        ("Merges at rest, seconds after it", str(row["idle_s"]) + ("" if row["rested"] else "+")),
        ("Largest journal", f"{number(row['peak_journal_mib'])} MiB"),
        ("CPU seconds per million spans until then", str(row["cpu_s_per_million_spans"])),
        ("Cores used at rest", str(row["baseline_cores"])),
        (
            "On disk then, with parts that merges have replaced but not yet deleted",
            f"{row['disk_bytes_per_span']} B/span",
        ),
    ]
    if store:
        spans, live = store["spans"], store["live_bytes"]
        facts += [
            ("Live parts, all tables", f"{live / spans:.1f} B/span in {store['parts']} parts"),
            ("Live parts, spans alone", f"{store['spans_bytes'] / spans:.1f} B/span"),
            (
                "Rows in the store, and spans acknowledged to its senders",
                f"{number(spans)} and {number(store['acknowledged'])}",
            ),
        ]
    return "The sustained load:\n\n" + _list(facts)


def _door(door: dict[str, Any] | None) -> list[str]:
    """The cost of TLS and of keys; nothing when it was not measured."""
    if not door:
        return []
    loads = []
    for name, row in door["loads"].items():
        small, paced, large = row["small"], row["paced"], row["large"]
        errors = {**small["errors"], **paced["errors"], **large["errors"]}
        loads.append(
            (
                name,
                number(small["requests_per_s"]),
                f"{small['server_cpu_us_per_request']:.1f}",
                f"{paced['ack_ms']['p50']:.2f}",
                f"{paced['ack_ms']['p99']:.2f}",
                number(large["spans_per_s"]),
                f"{large['server_cpu_us_per_request']:.0f}",
                ", ".join(f"{kind} {count}" for kind, count in errors.items()) or "none",
            )
        )
    shakes = [
        (
            name,
            number(row["per_s"]),
            f"{row['ms']['p50']:.2f}",
            f"{row['ms']['p99']:.2f}",
            f"{row['server_cpu_us']:.0f}",
            f"{number(row['resumed'])} of {number(row['connections'])}",
        )
        for name, row in door["handshakes"].items()
    ]
    return [
        "## What TLS and keys cost",
        "64 connections that stay, closed loop; the latencies are those of an open loop at 5,000 "
        "requests/s. Server CPU includes what the store did meanwhile.",
        table(
            (
                *("door", "10 spans: requests/s", "server CPU µs/request", "ack p50 ms", "p99"),
                *("512 spans: spans/s", "server CPU µs/request", "errors"),
            ),
            loads,
        ),
        "A connection, one small request, and its end; 16 at a time. The client's half of each "
        "handshake is done on the same cores.",
        table(
            ("handshake", "connections/s", "p50 ms", "p99", "server CPU µs", "resumed"),
            shakes,
        ),
    ]


def _memory(results: dict[str, Any]) -> str:
    rows = []
    for name, title in _LOADS.items():
        memory = results.get(name, {}).get("memory_mib", {})
        rows += [
            (title, role, *(number(sizes[kind]) for kind in ("peak", "rss", "anonymous")))
            for role, sizes in sorted(memory.items())
        ]
    return table(("after the load", "process", "peak MiB", "resident", "of it anonymous"), rows)


def _answers(results: dict[str, Any]) -> str:
    trace, newest = results.get("trace", {}), results.get("newest", {})
    searchable = results.get("searchable", {})
    questions = {
        "trace by id, every age": trace.get("existing_ms"),
        "trace by id, missing": trace.get("missing_ms"),
        "newest 20 of a service, last hour": newest.get("hour_ms"),
        "newest 20 of a service, last 24 h": newest.get("day_ms"),
        "a service that does not exist": newest.get("absent_service_ms"),
    }
    rows = [
        (title, *(f"{times[q]:.1f} ms" for q in ("p50", "p95", "p99", "max")))
        for title, times in questions.items()
        if times
    ]
    if times := searchable.get("seconds"):
        rows.append(
            ("sent to searchable", *(f"{times[q]:.2f} s" for q in ("p50", "p95", "p99", "max")))
        )
    return table(("one at a time", "p50", "p95", "p99", "max"), rows)


def _questions(asked: dict[str, Any]) -> str:
    """One row a question: milliseconds at rest and while spans come in; what time cut off."""
    rows = []
    for name, at_rest in asked["rest"].items():
        busy = asked["ingest"][name]
        rows.append(
            (
                name,
                *(f"{times['ms'][q]:.0f}" for times in (at_rest, busy) for q in _QUANTILES),
                f"{at_rest['cut']} and {busy['cut']}",
            )
        )
    for name, at_rest in asked["trace"].items():
        figures = (f"{at_rest['ms'][q]:.0f}" for q in _QUANTILES)
        rows.append((f"trace by id, {name}", *figures, "", "", "", ""))
    head = ("of the last 24 h, ms", *_QUANTILES, *(f"{q}, ingesting" for q in _QUANTILES), "cut")
    return table(head, rows)


def _browser(sizes: dict[str, Any]) -> str:
    rows = [
        (
            number(float(spans)),
            *(f"{row[name]:.0f} ms" for name in ("open_ms", "paint_ms")),
            *(f"{row[name]:.1f} ms" for name in ("scroll_p95_ms", "flung_p95_ms")),
            f"{row['flung_frame_p95_ms']:.0f} ms",
            *(f"{row[name]:.0f} ms" for name in ("search_name_ms", "search_value_ms")),
            f"{row['heap_mib']:.0f} MiB",
        )
        for spans, row in sizes.items()
    ]
    head = (
        *("spans", "address to painted", "data received to painted"),
        *("script a frame of scrolling, p95", "flung, p95", "with layout and paint"),
        *("search by name", "by an attribute", "heap"),
    )
    return table(head, rows)


def _kernel(kernel: dict[str, Any]) -> str:
    rows = [
        (name, number(row["spans_per_s"]), number(row["mb_per_s"])) for name, row in kernel.items()
    ]
    return table(("", "spans/s", "MB/s"), rows)


def _kills(kills: dict[str, Any]) -> str:
    facts = [(name.replace("_", " "), value) for name, value in kills.items() if name != "kills"]
    return _list((name, number(float(value))) for name, value in facts)


def _list(facts: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in facts)


def write(results: dict[str, Any]) -> None:
    PAGE.write_text(page(results))


if __name__ == "__main__":
    write(json.loads(RESULTS.read_text()))
