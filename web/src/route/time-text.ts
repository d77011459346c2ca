/** Time ranges as people write them and as the address holds them. */

export type TimeRange =
  | { kind: "last"; nanos: number; text: string }
  | { kind: "between"; startNs: bigint; endNs: bigint };

export interface Bounds {
  startNs: bigint;
  endNs: bigint;
}

const UNITS: Record<string, number> = { s: 1e9, m: 60e9, h: 3600e9, d: 86_400e9, w: 604_800e9 };
const MAX_NS = 2n ** 64n - 1n;
const LONGEST_NS = 3650 * 86_400e9;

export const PRESETS = ["5m", "15m", "1h", "3h", "6h", "12h", "1d", "2d", "7d", "30d"] as const;
export const FIRST_RANGE = { kind: "last", nanos: 3600e9, text: "1h" } satisfies TimeRange;

/** `90m`, `1h30m`, `2 d` → nanoseconds and how it is written; null when it is no length of time. */
export function parseLast(text: string): { nanos: number; text: string } | null {
  const compact = text.trim().toLowerCase().replace(/\s+/g, "");
  if (!/^(\d{1,6}(\.\d{1,3})?[smhdw])+$/.test(compact)) return null;
  let nanos = 0;
  for (const [, count, unit] of compact.matchAll(/(\d+(?:\.\d+)?)([smhdw])/g)) {
    nanos += Number(count) * (UNITS[unit ?? ""] ?? 0);
  }
  return nanos > 0 && nanos <= LONGEST_NS ? { nanos, text: compact } : null;
}

/** `2026-11-23 04:00[:05[.123]]`, `04:00` of today, RFC 3339, or ns since 1970 → ns; else null. */
export function parseMoment(text: string, utc: boolean, nowNs: bigint): bigint | null {
  const trimmed = text.trim();
  if (/^\d{19,20}$/.test(trimmed)) {
    const ns = BigInt(trimmed);
    return ns <= MAX_NS ? ns : null;
  }
  const match =
    /^(?:(\d{4})-(\d\d)-(\d\d)(?:[T ]+|$))?(?:(\d\d?):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?\s*(Z|UTC)?$/i.exec(
      trimmed,
    );
  if (!match || trimmed === "") return null;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  if (year === undefined && hour === undefined) return null;
  const inUtc = utc || zone !== undefined;
  const today = new Date(Number(nowNs / 1_000_000n));
  const date =
    year === undefined
      ? inUtc
        ? [today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate()]
        : [today.getFullYear(), today.getMonth(), today.getDate()]
      : [Number(year), Number(month) - 1, Number(day)];
  const clock = [Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0)];
  const [y, mo, d, h, mi, s] = [...date, ...clock] as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (h > 23 || mi > 59 || s > 59) return null;
  const made = inUtc ? new Date(Date.UTC(y, mo, d, h, mi, s)) : new Date(y, mo, d, h, mi, s);
  // The 31st of February would become a day of March.
  if ((inUtc ? made.getUTCDate() : made.getDate()) !== d) return null;
  if (made.getTime() < 0) return null;
  return BigInt(made.getTime()) * 1_000_000n + BigInt((fraction ?? "").padEnd(9, "0") || "0");
}

/** What the range is at this moment. */
export function bounds(range: TimeRange, nowNs: bigint): Bounds {
  if (range.kind === "between") return { startNs: range.startNs, endNs: range.endNs };
  const startNs = nowNs - BigInt(Math.round(range.nanos));
  return { startNs: startNs < 0n ? 0n : startNs, endNs: nowNs };
}

/** The range from the address; what makes no sense there is the first range. */
export function parseRange(params: URLSearchParams): TimeRange {
  const last = parseLast(params.get("last") ?? "");
  if (last) return { kind: "last", ...last };
  const start = params.get("start") ?? "";
  const end = params.get("end") ?? "";
  if (/^\d{1,20}$/.test(start) && /^\d{1,20}$/.test(end)) {
    const [startNs, endNs] = [BigInt(start), BigInt(end)];
    if (startNs < endNs && endNs <= MAX_NS) return { kind: "between", startNs, endNs };
  }
  return FIRST_RANGE;
}

export function writeRange(range: TimeRange, params: URLSearchParams): void {
  for (const name of ["last", "start", "end"]) params.delete(name);
  if (range.kind === "between") {
    params.set("start", String(range.startNs));
    params.set("end", String(range.endNs));
  } else if (range.text !== FIRST_RANGE.text) {
    params.set("last", range.text);
  }
}

/** The same length, earlier (−1) or later (1) by half of it; never beyond now. */
export function shifted(range: TimeRange, by: -1 | 1, nowNs: bigint): TimeRange {
  const { startNs, endNs } = bounds(range, nowNs);
  const length = endNs - startNs;
  let end = endNs + (BigInt(by) * length) / 2n;
  if (end > nowNs) end = nowNs;
  if (end < length) end = length;
  return { kind: "between", startNs: end - length, endNs: end };
}

/** Twice as long around the same middle; never beyond now. */
export function widened(range: TimeRange, nowNs: bigint): TimeRange {
  const { startNs, endNs } = bounds(range, nowNs);
  const half = (endNs - startNs) / 2n;
  const start = startNs - half < 0n ? 0n : startNs - half;
  const end = endNs + half > nowNs ? nowNs : endNs + half;
  return { kind: "between", startNs: start, endNs: end };
}

/** `start` and `end` of the API. */
export function boundsParams({ startNs, endNs }: Bounds): { start: string; end: string } {
  return { start: nanos(startNs), end: nanos(endNs) };
}

/** 19 digits at least: fewer would be taken for seconds or milliseconds. */
function nanos(ns: bigint): string {
  return String(ns).padStart(19, "0");
}
