import fc from "fast-check";
import { expect, test } from "vitest";
import { windowOf } from "./window";

test("what is in sight is drawn, each row once, with elements that are used again", () => {
  const height = 30;
  fc.assert(
    fc.property(fc.nat(5000), fc.nat(), fc.boolean(), (count, at, partly) => {
      fc.pre(count > 0);
      const startIndex = at % count;
      const endIndex = Math.min(count - 1, startIndex + height - (partly ? 0 : 1));
      const rows = windowOf({ startIndex, endIndex, count });
      expect(rows[0]).toBeLessThanOrEqual(startIndex);
      expect(rows.at(-1)).toBeGreaterThanOrEqual(endIndex);
      expect(new Set(rows.map((row) => row % rows.length)).size).toBe(rows.length);
    }),
  );
});

test("as many rows are drawn wherever the list stands", () => {
  const lengths = new Set<number>();
  for (let start = 0; start < 900; start++) {
    lengths.add(
      windowOf({ startIndex: start, endIndex: start + 29 + (start % 2), count: 1000 }).length,
    );
  }
  expect(lengths.size).toBe(1);
});
