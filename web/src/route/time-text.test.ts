import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bounds,
  FIRST_RANGE,
  parseLast,
  parseMoment,
  parseRange,
  shifted,
  type TimeRange,
  widened,
  writeRange,
} from "./time-text";

const NOON = 1_795_348_800_000_000_000n; // 2026-11-22T12:00:00Z

const ranges: fc.Arbitrary<TimeRange> = fc.oneof(
  fc
    .record({ count: fc.integer({ min: 1, max: 500 }), unit: fc.constantFrom("s", "m", "h", "d") })
    .map(({ count, unit }): TimeRange => {
      const last = parseLast(`${count}${unit}`);
      if (!last) throw new Error(`${count}${unit}`);
      return { kind: "last", ...last };
    }),
  fc
    .tuple(fc.bigInt(0n, NOON), fc.bigInt(1n, 10n ** 17n))
    .map(([startNs, length]): TimeRange => ({ kind: "between", startNs, endNs: startNs + length })),
);

test("what is written to the address is read back", () => {
  fc.assert(
    fc.property(ranges, (range) => {
      const params = new URLSearchParams("q=kept&last=1w&start=1");
      writeRange(range, params);
      expect(parseRange(new URLSearchParams(params.toString()))).toEqual(range);
      expect(params.get("q")).toBe("kept");
    }),
  );
});

test.each([
  ["", FIRST_RANGE],
  ["last=never", FIRST_RANGE],
  ["last=0m", FIRST_RANGE],
  ["start=5&end=4", FIRST_RANGE],
  ["start=1&end=99999999999999999999", FIRST_RANGE],
  ["start=1&end=2x", FIRST_RANGE],
  ["last=1h30m", { kind: "last", nanos: 5400e9, text: "1h30m" }],
])("the address %s", (search, range) => {
  expect(parseRange(new URLSearchParams(search))).toEqual(range);
});

describe("moments", () => {
  test.each([
    ["2026-11-22 12:00", NOON],
    ["2026-11-22T12:00:00Z", NOON],
    ["2026-11-22 12:00:00.000000001", NOON + 1n],
    ["2026-11-22", NOON - 43_200_000_000_000n],
    ["12:00", NOON],
    [String(NOON), NOON],
    ["", null],
    ["noon", null],
    ["2026-02-31 12:00", null],
    ["2026-11-22 24:00", null],
    ["1969-01-01 00:00", null],
  ])("%s in UTC", (text, ns) => {
    expect(parseMoment(text, true, NOON + 60_000_000_000n)).toBe(ns);
  });

  test("without a zone are local where times are shown in local time", () => {
    const local = new Date(2026, 10, 22, 12).getTime();
    expect(parseMoment("2026-11-22 12:00", false, NOON)).toBe(BigInt(local) * 1_000_000n);
  });
});

test("moving and widening never reach beyond now", () => {
  fc.assert(
    fc.property(ranges, fc.constantFrom<-1 | 1>(-1, 1), (range, by) => {
      const now = 2n * NOON;
      for (const next of [shifted(range, by, now), widened(range, now)]) {
        const { startNs, endNs } = bounds(next, now);
        expect(startNs < endNs && endNs <= now && startNs >= 0n).toBe(true);
      }
    }),
  );
});

test("earlier and then later is where it was", () => {
  const range: TimeRange = { kind: "between", startNs: NOON, endNs: NOON + 10n ** 12n };
  expect(shifted(shifted(range, -1, 2n * NOON), 1, 2n * NOON)).toEqual(range);
});
