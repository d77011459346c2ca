"""Runs the attacks, each on a fresh server, and prints what its healthy clients noticed."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from tests.flow.attacks.attacker import ATTACKS, MIB
from tests.flow.attacks.rounds import REST_S, Result, Row, environment, quantile, run

HEAD = (
    *("attack", "at rest p50 / p99 ms", "during p50 / p99 / max ms", "new connections p99 ms"),
    *("refused or cut, and sent again", "intake MiB before / peak / after"),
    *("store MiB before / peak / after", "connections before / most", "normal after s"),
    *("fresh span read after s", "attacker's cores"),
)


def line(row: Row) -> tuple[str, ...]:
    rest, during = row.all_ms(row.rest_ms), row.all_ms(row.during_ms)
    failed = [
        f"{kind} {what} {count}"
        for kind, counts in row.failures.items()
        for what, count in counts.items()
    ]
    new = sorted(row.during_ms["new"])
    return (
        row.name,
        f"{quantile(rest, 0.5):.1f} / {quantile(rest, 0.99):.1f}",
        f"{quantile(during, 0.5):.1f} / {quantile(during, 0.99):.1f} / {quantile(during, 1):.0f}",
        f"{quantile(new, 0.99):.1f}",
        ", ".join(failed) or "none",
        " / ".join(f"{size / MIB:.0f}" for size in row.intake),
        " / ".join(f"{size / MIB:.0f}" for size in row.store),
        f"{row.connections[0]} / {row.connections[1]:,}",
        _seconds(row.normal_after_s),
        _seconds(row.fresh_after_s),
        f"{row.attackers_cores:.2f}",
    )


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f}"


def markdown(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.flow.attacks",
        description=__doc__,
        epilog="The attacks: " + ", ".join(ATTACKS),
    )
    parser.add_argument(
        "--only", type=lambda text: text.split(","), default=list(ATTACKS), metavar="NAME,…"
    )
    parser.add_argument("--seconds", type=float, default=15, help="of each attack (15)")
    parser.add_argument("--rest", type=float, default=REST_S, help="seconds at rest before (4)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all that was measured")
    options = parser.parse_args()
    if unknown := [name for name in options.only if name not in ATTACKS]:
        parser.error(f"{', '.join(unknown)}: no such attack; there are {', '.join(ATTACKS)}")
    print(
        f"{environment()}. Server, healthy clients and attackers share them; attackers run at nice "
        "10. Latencies count from the moment a request was due until it was acknowledged.\n"
    )
    print(markdown(HEAD))
    print(markdown(("---",) * len(HEAD)), flush=True)
    results: list[Result] = []
    for name in options.only:
        with tempfile.TemporaryDirectory(prefix="clew-attacks-") as folder:
            result = run([name], Path(folder), options.seconds, options.rest)
        results.append(result)
        print(markdown(line(result.rows[0])), flush=True)
    _tell(results)
    if options.json:
        kept = [{**vars(one), "rows": [vars(row) for row in one.rows]} for one in results]
        options.json.write_text(json.dumps(kept, indent=1))
    return int(any(result.problems() for result in results))


def _tell(results: list[Result]) -> None:
    print("\nWhat the attackers counted:\n")
    for result in results:
        for row in result.rows:
            counted = ", ".join(f"{what} {count:,}" for what, count in row.counts.items())
            print(f"- {row.name} ({ATTACKS[row.name].sentence}): {counted}")
    owed, lost, doubled = (
        sum(getattr(one, name) for one in results)
        for name in ("acknowledged_spans", "lost_spans", "doubled_spans")
    )
    print(f"\nSpans acknowledged: {owed:,}; lost: {lost}; doubled: {doubled}")
    problems = [problem for result in results for problem in result.problems()]
    print("\n".join(["", *(f"WRONG {problem}" for problem in problems)]))


if __name__ == "__main__":
    sys.exit(main())
