import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatAgo, formatCount, formatDuration, formatPercent, formatTime } from "./format";

describe("durations", () => {
  test.each([
    [0, "0 ns"],
    [999, "999 ns"],
    [1000, "1 µs"],
    [1_234, "1.23 µs"],
    [999_600, "1 ms"],
    [12_345_678, "12.3 ms"],
    [999_499_999, "999 ms"],
    [999_600_000, "1 s"],
    [59_940_000_000, "59.9 s"],
    [59_960_000_000, "1 min"],
    [200e9, "3 min 20 s"],
    [7_500e9, "2 h 5 min"],
    [90_000e9, "1 d 1 h"],
    [-1500, "−1.5 µs"],
    [Number.NaN, "–"],
  ])("%d ns is %s", (ns, text) => {
    expect(formatDuration(ns)).toBe(text);
  });

  test("never lie by more than half a percent below a minute", () => {
    const units: Record<string, number> = { ns: 1, µs: 1e3, ms: 1e6, s: 1e9 };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 59_000_000_000 }), (ns) => {
        const [value, unit] = formatDuration(ns).split(" ");
        const shown = Number(value) * (units[unit ?? ""] ?? Number.NaN);
        expect(Math.abs(shown - ns) / ns).toBeLessThanOrEqual(0.0051);
      }),
    );
  });
});

test.each([
  [999, "999"],
  [9999, "9,999"],
  [12_345, "12.3k"],
  [999_400, "999k"],
  [999_600, "1M"],
  [12_000_000_000, "12G"],
])("a count of %d is %s", (count, text) => {
  expect(formatCount(count)).toBe(text);
});

test.each([
  [0, "0 %"],
  [0.0001, "<0.1 %"],
  [0.034, "3.4 %"],
  [0.5, "50 %"],
  [0.9999, "99.9 %"],
  [1, "100 %"],
])("a share of %d is %s", (share, text) => {
  expect(formatPercent(share)).toBe(text);
});

test("times keep nanoseconds that a double would lose", () => {
  expect(formatTime(1_795_348_800_123_456_789n, "utc", "nano")).toBe(
    "2026-11-22 12:00:00.123456789Z",
  );
});

test("a time is told from now in whole seconds", () => {
  expect(formatAgo(0n, 500_000_000n)).toBe("just now");
  expect(formatAgo(0n, 3_900_000_000n)).toBe("3 s ago");
  expect(formatAgo(60_000_000_000n, 0n)).toBe("in 1 min");
});
