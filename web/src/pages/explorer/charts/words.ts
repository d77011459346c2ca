/** Regions and cells in words, and durations as people type them. */

import {
  formatClock,
  formatDay,
  formatDuration,
  formatExact,
  formatPercent,
  formatTime,
  type TimePrecision,
  type Zone,
} from "../../../shared/format";
import type { Region } from "../region";
import { type Cell, columnTimes, type Grid } from "./grid";

const UNITS: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  min: 60e9,
  h: 3600e9,
};

/** `250ms`, `1.5 s`, `1m30s` → ns; undefined for nothing, null for what is no duration. */
export function parseDuration(text: string): number | null | undefined {
  const compact = text.trim().toLowerCase().replace(/\s+/g, "");
  if (compact === "") return undefined;
  if (!/^(\d+(\.\d+)?(ns|us|µs|μs|ms|min|s|m|h))+$/.test(compact)) return null;
  let ns = 0;
  for (const [, count, unit] of compact.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|μs|ms|min|s|m|h)/g)) {
    ns += Number(count) * (UNITS[unit ?? ""] ?? 0);
  }
  return ns <= Number.MAX_SAFE_INTEGER ? Math.round(ns) : null;
}

/** The duration in the fewest whole units, to be typed again: `600ms`. */
export function writeDuration(ns: number): string {
  for (const unit of ["h", "m", "s", "ms", "us"]) {
    const size = UNITS[unit] ?? 1;
    if (ns >= size && ns % size === 0) return `${ns / size}${unit}`;
  }
  return `${ns}ns`;
}

/** `12:05:00 – 12:10:00`; with the days when it is not one. */
export function timesText(startNs: bigint, endNs: bigint, zone: Zone): string {
  const precision: TimePrecision =
    endNs - startNs < 10_000_000_000n
      ? "milli"
      : startNs % 60_000_000_000n === 0n && endNs % 60_000_000_000n === 0n
        ? "minute"
        : "second";
  if (formatDay(startNs, zone) === formatDay(endNs, zone)) {
    return `${formatClock(startNs, zone, precision)} – ${formatClock(endNs, zone, precision)}`;
  }
  return `${formatTime(startNs, zone, precision)} – ${formatTime(endNs, zone, precision)}`;
}

/** `≥ 600 ms`, `< 2 s`, `600 ms – 2 s`; null: any. */
export function durationsText({ minNs, maxNs }: Region): string | null {
  if (minNs === undefined) return maxNs === undefined ? null : `< ${formatDuration(maxNs)}`;
  if (maxNs === undefined) return `≥ ${formatDuration(minNs)}`;
  return `${formatDuration(minNs)} – ${formatDuration(maxNs)}`;
}

export function regionText(region: Region, zone: Zone): string {
  const durations = durationsText(region);
  return [
    timesText(region.startNs, region.endNs, zone),
    ...(durations === null ? [] : [durations]),
    ...(region.status === "error" ? ["errors"] : []),
  ].join(", ");
}

/** What is in a column and, unless it is of the rate, in a row of it: for the tip and to be read. */
export interface Facts {
  time: string;
  durations: string | null;
  lines: readonly (readonly [string, string])[];
}

export function factsOf(grid: Grid, cell: Cell, withRow: boolean, zone: Zone): Facts {
  const { column, row } = cell;
  const { startNs, endNs } = columnTimes(grid, column);
  const time = timesText(startNs, endNs, zone);
  const withShare = (count: number, of: number) =>
    `${formatExact(count)}${count > 0 ? ` (${formatPercent(count / of)})` : ""}`;
  if (withRow) {
    const at = column * grid.rows + row;
    const spans = grid.cells[at] ?? 0;
    const [low, high] = [grid.bounds[row] ?? 0, grid.bounds[row + 1] ?? 0];
    return {
      time,
      durations: `${formatDuration(low)} – ${formatDuration(high)}`,
      lines: [
        ["Spans", formatExact(spans)],
        ["Errors", withShare(grid.errorCells[at] ?? 0, spans)],
      ],
    };
  }
  const spans = grid.spans[column] ?? 0;
  const quantiles = grid.quantiles[column];
  return {
    time,
    durations: null,
    lines: [
      ["Spans", formatExact(spans)],
      ["Errors", withShare(grid.errors[column] ?? 0, spans)],
      ["Ok", formatExact(grid.ok[column] ?? 0)],
      ["Unset", formatExact(grid.unset[column] ?? 0)],
      ...(quantiles
        ? ([
            ["p50", formatDuration(quantiles[0])],
            ["p95", formatDuration(quantiles[1])],
            ["p99", formatDuration(quantiles[2])],
          ] as const)
        : []),
    ],
  };
}

export function spokenFacts({ time, durations, lines }: Facts): string {
  const parts = lines.map(([name, value]) => `${name} ${value}`);
  return [time, ...(durations === null ? [] : [durations]), ...parts].join(", ");
}
