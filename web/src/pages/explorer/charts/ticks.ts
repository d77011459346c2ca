/** Where axes have marks, and what these say. */

import type { Bounds } from "../../../route/time-text";
import { formatClock, formatDay, formatDuration, type Zone } from "../../../shared/format";

const MILLI = 1_000_000n;
const SECOND = 1_000_000_000n;
const DAY = 86_400n * SECOND;

const STEPS: readonly bigint[] = [
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8].flatMap((power) => [1, 2, 5].map((n) => BigInt(n * 10 ** power))),
  ...[1, 2, 5, 10, 15, 30].map((n) => BigInt(n) * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => BigInt(n * 60) * SECOND),
  ...[1, 2, 3, 6, 12].map((n) => BigInt(n * 3600) * SECOND),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].map((n) => BigInt(n) * DAY),
];

export interface Tick {
  ns: bigint;
  label: string;
}

/** Round moments of the zone, at most `most`; the day is said where it begins. */
export function timeTicks(range: Bounds, most: number, zone: Zone): Tick[] {
  const length = range.endNs - range.startNs;
  const step =
    STEPS.find((one) => length / one < BigInt(Math.max(1, most))) ?? (STEPS.at(-1) as bigint);
  const ticks: Tick[] = [];
  let before: bigint | null = null;
  // Round in the clock of the zone; when that clock is put forward or back, one more look is enough.
  let clock = divUp(range.startNs + offset(range.startNs, zone), step) * step;
  for (let looked = 0; looked < 2 * most + 8; looked++, clock += step) {
    let ns = clock - offset(clock, zone);
    ns = clock - offset(ns, zone);
    if (ns > range.endNs) break;
    if (ns < range.startNs || (before !== null && ns <= before)) continue;
    ticks.push({ ns, label: label(ns, step, clock % DAY === 0n, zone) });
    before = ns;
  }
  return ticks;
}

function divUp(value: bigint, by: bigint): bigint {
  return (value + by - 1n) / by;
}

/** How far the zone's clock is ahead of UTC at a moment. */
function offset(ns: bigint, zone: Zone): bigint {
  if (zone === "utc") return 0n;
  return -BigInt(new Date(Number(ns / MILLI)).getTimezoneOffset()) * 60n * SECOND;
}

function label(ns: bigint, step: bigint, dayBegins: boolean, zone: Zone): string {
  if (step >= 300n * DAY) return formatDay(ns, zone);
  if (step >= DAY || dayBegins) return formatDay(ns, zone).slice(5);
  if (step >= 60n * SECOND) return formatClock(ns, zone, "minute");
  if (step >= SECOND) return formatClock(ns, zone, "second");
  return formatClock(ns, zone, step >= MILLI ? "milli" : "nano").slice(3);
}

/** Round durations between two, at most `most`: powers of ten, with 2 and 5 when there is room. */
export function durationTicks(lowNs: number, highNs: number, most: number): DurationTick[] {
  for (const factors of [[1, 2, 5], [1, 5], [1]]) {
    const found: DurationTick[] = [];
    for (let power = 0; power < 20; power++) {
      for (const factor of factors) {
        const ns = factor * 10 ** power;
        if (ns >= lowNs && ns <= highNs) found.push({ ns, label: formatDuration(ns) });
      }
    }
    if (found.length <= most) return found;
    if (factors.length === 1) {
      const every = Math.ceil(found.length / most);
      return found.filter((_, at) => at % every === 0);
    }
  }
  return [];
}

export interface DurationTick {
  ns: number;
  label: string;
}

/** 0 and a few round counts up to the most, whole numbers. */
export function countTicks(most: number, wanted: number): number[] {
  if (most <= 0) return [0];
  const rough = most / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? 1);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, at) => at * step);
}
