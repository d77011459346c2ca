import fc from "fast-check";
import { expect, test } from "vitest";
import { countTicks, durationTicks, timeTicks } from "./ticks";

const NOON = 1_795_348_800_000_000_000n; // 2026-11-22T12:00:00Z
const MINUTE = 60_000_000_000n;

test("an hour has a mark every ten minutes", () => {
  const ticks = timeTicks({ startNs: NOON + MINUTE, endNs: NOON + 61n * MINUTE }, 8, "utc");
  expect(ticks.map((tick) => tick.label)).toEqual([
    ...["12:10", "12:20", "12:30", "12:40", "12:50", "13:00"],
  ]);
});

test("the day is said where it begins", () => {
  const ticks = timeTicks({ startNs: NOON, endNs: NOON + 1440n * MINUTE }, 6, "utc");
  expect(ticks.map((tick) => tick.label)).toEqual(["12:00", "18:00", "11-23", "06:00", "12:00"]);
});

test("parts of a second", () => {
  const ticks = timeTicks({ startNs: NOON, endNs: NOON + 40_000_000n }, 5, "utc");
  expect(ticks.map((tick) => tick.label)).toEqual([
    ...["00:00.000", "00:00.010", "00:00.020", "00:00.030", "00:00.040"],
  ]);
});

test("marks of time are in the range, in order, few, and the same distance apart in UTC", () => {
  fc.assert(
    fc.property(
      fc.bigInt(0n, 2n ** 63n),
      fc.bigInt(1n, 10n ** 17n),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom("utc" as const, "local" as const),
      (startNs, length, most, zone) => {
        const range = { startNs, endNs: startNs + length };
        const ticks = timeTicks(range, most, zone);
        expect(ticks.length).toBeLessThanOrEqual(most + 1);
        for (const { ns } of ticks) expect(ns >= startNs && ns <= range.endNs).toBe(true);
        const gaps = ticks.slice(1).map((tick, at) => tick.ns - (ticks[at]?.ns ?? 0n));
        expect(gaps.every((gap) => gap > 0n)).toBe(true);
        if (zone === "utc") expect(new Set(gaps).size).toBeLessThanOrEqual(1);
      },
    ),
  );
});

test("durations are round", () => {
  const labels = (low: number, high: number, most: number) =>
    durationTicks(low, high, most).map((tick) => tick.label);
  expect(labels(1e6, 1e7, 8)).toEqual(["1 ms", "2 ms", "5 ms", "10 ms"]);
  expect(labels(1e3, 1e10, 8)).toEqual([
    ...["1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s"],
  ]);
  expect(labels(1, 1e18, 6).length).toBeLessThanOrEqual(6);
});

test("counts are whole and round", () => {
  expect(countTicks(0, 3)).toEqual([0]);
  expect(countTicks(1, 3)).toEqual([0, 1]);
  expect(countTicks(95, 3)).toEqual([0, 50]);
  expect(countTicks(4200, 3)).toEqual([0, 2000, 4000]);
});
