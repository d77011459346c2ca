import fc from "fast-check";
import { expect, test } from "vitest";
import { rowInSlot, scrollFor, windowAt } from "./window";

const ROW = 28;
const heights = fc.integer({ min: 1, max: 2000 });

test("what is in sight is drawn, with as many elements wherever the list stands", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.nat(), heights, (count, at, height) => {
      const scrollTop = at % (count * ROW);
      const { first, length } = windowAt(scrollTop, height, ROW, count);
      expect(first).toBeLessThanOrEqual(Math.floor(scrollTop / ROW));
      const last = Math.min(count - 1, Math.floor((scrollTop + height) / ROW));
      expect(first + length).toBeGreaterThan(last);
      expect(first + length).toBeLessThanOrEqual(count);
      expect(length).toBe(windowAt(0, height, ROW, count).length);
    }),
  );
});

test("after scrolling to a row it is in sight, and stays where it is", () => {
  fc.assert(
    fc.property(
      fc.nat(5000),
      fc.nat(200_000),
      fc.integer({ min: ROW, max: 2000 }),
      (row, from, height) => {
        const to = scrollFor(row, from, height, ROW, 2) ?? from;
        expect(row * ROW).toBeGreaterThanOrEqual(to);
        expect((row + 1) * ROW).toBeLessThanOrEqual(to + height);
        expect(scrollFor(row, to, height, ROW, 0)).toBeNull();
      },
    ),
  );
});

test("the next row moves the list by one row, a far one comes to the middle", () => {
  expect(scrollFor(10, 0, 10 * ROW, ROW, 0)).toBe(ROW);
  expect(scrollFor(100, 0, 11 * ROW, ROW, 0)).toBe(95 * ROW);
});

test("each row of the window has an element, and keeps it while the window moves", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.integer({ min: 1, max: 60 }), (first, length) => {
      const rows = (from: number) =>
        Array.from({ length }, (_, slot) => rowInSlot(slot, { first: from, length }));
      const before = rows(first);
      expect([...before].sort((a, b) => a - b)).toEqual(before.map((_, at) => first + at));
      const moved = rows(first + 1).filter((row, slot) => row !== before[slot]);
      expect(moved).toEqual([first + length]);
    }),
  );
});
