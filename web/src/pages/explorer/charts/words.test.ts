import fc from "fast-check";
import { expect, test } from "vitest";
import { parseDuration, regionText, writeDuration } from "./words";

const NOON = 1_795_348_800_000_000_000n;

test.each([
  ["250ms", 250e6],
  [" 1.5 s ", 1.5e9],
  ["1m30s", 90e9],
  ["2 min", 120e9],
  ["10us", 1e4],
  ["", undefined],
  ["5", null],
  ["ms", null],
  ["-5ms", null],
  ["999999999h", null],
])("the duration %s", (text, ns) => {
  expect(parseDuration(text)).toBe(ns);
});

test("a duration that was written is read back", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (ns) => {
      expect(parseDuration(writeDuration(ns))).toBe(ns);
    }),
  );
});

test("a region in words", () => {
  const times = { startNs: NOON, endNs: NOON + 300_000_000_000n };
  expect(regionText(times, "utc")).toBe("12:00 – 12:05");
  expect(regionText({ ...times, minNs: 6e8 }, "utc")).toBe("12:00 – 12:05, ≥ 600 ms");
  expect(regionText({ ...times, minNs: 6e8, maxNs: 2e9, status: "error" }, "utc")).toBe(
    "12:00 – 12:05, 600 ms – 2 s, errors",
  );
  expect(regionText({ startNs: NOON + 1n, endNs: NOON + 5_000_000_000n }, "utc")).toBe(
    "12:00:00.000 – 12:00:05.000",
  );
});
