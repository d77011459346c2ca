/** Numbers as people read them. Durations are nanoseconds as number, times as bigint. */

export type Zone = "local" | "utc";
export type TimePrecision = "minute" | "second" | "milli" | "nano";

const DURATION_UNITS: readonly (readonly [number, string])[] = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "µs"],
];

/** `1.24 ms`, `12.4 s`, `3 min 20 s`, `2 h 5 min`: three significant digits. */
export function formatDuration(ns: number): string {
  if (!Number.isFinite(ns)) return "–";
  if (ns < 0) return `−${formatDuration(-ns)}`;
  if (ns >= 59.95e9) return longDuration(Math.round(ns / 1e9));
  for (const [size, unit] of DURATION_UNITS) {
    // 999.6 µs would be shown as 1000 µs.
    if (ns >= size * 0.9995) return `${significant(ns / size)} ${unit}`;
  }
  return `${Math.round(ns)} ns`;
}

function longDuration(seconds: number): string {
  const parts: readonly (readonly [number, string])[] = [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const first = parts.findIndex(([size]) => seconds >= size);
  const [size, unit] = parts[first] ?? [1, "s"];
  const count = Math.floor(seconds / size);
  const next = parts[first + 1];
  const rest = next ? Math.floor((seconds % size) / next[0]) : 0;
  return next && rest > 0 ? `${count} ${unit} ${rest} ${next[1]}` : `${count} ${unit}`;
}

function significant(value: number): string {
  if (value >= 99.95) return String(Math.round(value));
  return String(Number(value.toFixed(value >= 9.995 ? 1 : 2)));
}

/** `987`, `12.3k`, `4.5M`. */
export function formatCount(count: number): string {
  if (count < 10_000) return count.toLocaleString("en");
  const [size, unit] =
    count >= 999_500_000 ? [1e9, "G"] : count >= 999_500 ? [1e6, "M"] : [1e3, "k"];
  return `${significant(count / (size as number))}${unit}`;
}

/** `12,345`: all digits, for where they matter. */
export function formatExact(count: number | bigint): string {
  return count.toLocaleString("en");
}

/** A share of 0 to 1: `0 %`, `<0.1 %`, `12 %`, `100 %` only when it is all. */
export function formatPercent(share: number): string {
  if (share <= 0) return "0 %";
  if (share < 0.001) return "<0.1 %";
  if (share >= 1) return "100 %";
  const percent = Math.min(99.9, share * 100);
  return percent < 10 || percent > 99
    ? `${Number(percent.toFixed(1))} %`
    : `${Math.round(percent)} %`;
}

/** `2026-11-23 04:00:05.123`; in UTC with a `Z`. */
export function formatTime(ns: bigint, zone: Zone, precision: TimePrecision = "milli"): string {
  return `${formatDay(ns, zone)} ${formatClock(ns, zone, precision)}${zone === "utc" ? "Z" : ""}`;
}

/** `2026-11-23`. */
export function formatDay(ns: bigint, zone: Zone): string {
  const { year, month, day } = parts(ns, zone);
  return `${year}-${two(month)}-${two(day)}`;
}

/** `04:00:05.123`. */
export function formatClock(ns: bigint, zone: Zone, precision: TimePrecision = "milli"): string {
  const { hour, minute, second } = parts(ns, zone);
  const start = `${two(hour)}:${two(minute)}`;
  if (precision === "minute") return start;
  const nanos = String(ns % 1_000_000_000n).padStart(9, "0");
  const fraction =
    precision === "nano" ? `.${nanos}` : precision === "milli" ? `.${nanos.slice(0, 3)}` : "";
  return `${start}:${two(second)}${fraction}`;
}

/** `3 s ago`, `in 2 min`, `just now` within a second. */
export function formatAgo(ns: bigint, nowNs: bigint): string {
  const apart = Number(nowNs - ns);
  if (Math.abs(apart) < 1e9) return "just now";
  const text = formatDuration(Math.floor(Math.abs(apart) / 1e9) * 1e9);
  return apart > 0 ? `${text} ago` : `in ${text}`;
}

interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

function parts(ns: bigint, zone: Zone): Parts {
  const date = new Date(Number(ns / 1_000_000n));
  if (zone === "utc") {
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
    };
  }
  return {
    year: date.getFullYear(),
    month: date.getMonth() + 1,
    day: date.getDate(),
    hour: date.getHours(),
    minute: date.getMinutes(),
    second: date.getSeconds(),
  };
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
