import fc from "fast-check";
import { expect, test } from "vitest";
import type { Histogram } from "../../../api/convert-explore";
import {
  cellAt,
  columnTimes,
  countIn,
  gridOf,
  nextBound,
  placeOf,
  previousBound,
  regionOf,
  rowAt,
  strength,
} from "./grid";

const NOON = 1_795_348_800_000_000_000n;

function boundsFrom(first: number, rows: number): number[] {
  const bounds = [first];
  for (let row = 0; row < rows; row++) bounds.push(nextBound(bounds.at(-1) ?? 0));
  return bounds;
}

const answers = fc
  .record({
    widthNs: fc.constantFrom(1000n, 1_000_000_000n, 60_000_000_000n),
    columns: fc.integer({ min: 1, max: 50 }),
    startNs: fc.bigInt(NOON, NOON + 10n ** 12n),
    first: fc.constantFrom(0, 1, 4, 1024, 1_310_720),
    rows: fc.integer({ min: 1, max: 90 }),
    filled: fc.array(
      fc.tuple(fc.nat(49), fc.nat(89), fc.integer({ min: 1, max: 999 }), fc.nat(999)),
    ),
  })
  .map(({ widthNs, columns, startNs, first, rows, filled }) => {
    const range = { startNs, endNs: startNs + BigInt(columns) * widthNs - 1n };
    const byColumn = new Map<bigint, { durations: number[]; errorDurations: number[] }>();
    for (const [column, row, count, errors] of filled) {
      const start = (startNs / widthNs + BigInt(column % columns)) * widthNs;
      const cells = byColumn.get(start) ?? {
        durations: new Array<number>(rows).fill(0),
        errorDurations: new Array<number>(rows).fill(0),
      };
      const at = row % rows;
      cells.durations[at] = (cells.durations[at] ?? 0) + count;
      cells.errorDurations[at] = (cells.errorDurations[at] ?? 0) + Math.min(count, errors);
      byColumn.set(start, cells);
    }
    const sum = (counts: number[]) => counts.reduce((all, one) => all + one, 0);
    const found: Histogram = {
      widthNs,
      boundsNs: boundsFrom(first, rows),
      buckets: [...byColumn].map(([at, cells]) => ({
        startNs: at,
        spans: sum(cells.durations),
        ok: 0,
        unset: sum(cells.durations) - sum(cells.errorDurations),
        errors: sum(cells.errorDurations),
        ...cells,
        p50Ns: 1,
        p95Ns: 2,
        p99Ns: 3,
      })),
      coveredFromNs: range.startNs,
      coveredToNs: range.endNs,
      limitedBy: null,
    };
    return { found, range };
  });

const total = (values: Iterable<number>) => [...values].reduce((all, one) => all + one, 0);

test("every span is in one cell, however rows are joined", () => {
  fc.assert(
    fc.property(answers, fc.integer({ min: 1, max: 60 }), ({ found, range }, mostRows) => {
      const grid = gridOf(found, range, mostRows);
      const spans = total(found.buckets.map((bucket) => bucket.spans));
      expect(total(grid.spans)).toBe(spans);
      expect(total(grid.cells)).toBe(spans);
      expect(total(grid.errorCells)).toBe(total(grid.errors));
      expect(grid.rows).toBeLessThanOrEqual(Math.max(16, mostRows));
      expect(grid.bounds.every((bound, at) => at === 0 || bound > (grid.bounds[at - 1] ?? 0))).toBe(
        true,
      );
      for (const bucket of found.buckets) {
        const column = Number((bucket.startNs - grid.originNs) / grid.widthNs);
        bucket.durations.forEach((count, row) => {
          const at = Math.floor(rowAt(grid.bounds, found.boundsNs[row] ?? 0));
          const cell = grid.cells[column * grid.rows + at] ?? 0;
          expect(cell).toBeGreaterThanOrEqual(count);
        });
      }
    }),
  );
});

test("a region of cells covers these cells and no others", () => {
  const corner = fc.record({ column: fc.nat(49), row: fc.nat(89) });
  fc.assert(
    fc.property(answers, corner, corner, fc.boolean(), ({ found, range }, a, b, errors) => {
      const grid = gridOf(found, range, 40);
      const [one, other] = [cellAt(grid, a.column, a.row), cellAt(grid, b.column, b.row)];
      const region = regionOf(grid, one, other, errors);
      expect(region.startNs >= range.startNs && region.endNs <= range.endNs).toBe(true);
      expect(region.status).toBe(errors ? "error" : undefined);
      let spans = 0;
      for (let column = 0; column < grid.columns; column++) {
        for (let row = 0; row < grid.rows; row++) {
          const inside =
            column >= Math.min(one.column, other.column) &&
            column <= Math.max(one.column, other.column) &&
            row >= Math.min(one.row, other.row) &&
            row <= Math.max(one.row, other.row);
          if (inside) spans += grid.cells[column * grid.rows + row] ?? 0;
        }
      }
      // A column of one nanosecond at the end of the range has no length.
      if (region.startNs < region.endNs) expect(countIn(grid, region).spans).toBe(spans);
      const place = placeOf(grid, region);
      if (place) {
        expect(place.low).toBeCloseTo(Math.min(one.row, other.row));
        expect(place.high).toBeCloseTo(Math.max(one.row, other.row) + 1);
      }
    }),
  );
});

test("columns follow each other and stay within the range", () => {
  fc.assert(
    fc.property(answers, ({ found, range }) => {
      const grid = gridOf(found, range, 40);
      expect(columnTimes(grid, 0).startNs).toBe(range.startNs);
      expect(columnTimes(grid, grid.columns - 1).endNs).toBe(range.endNs);
      for (let column = 1; column < grid.columns; column++) {
        expect(columnTimes(grid, column).startNs).toBe(columnTimes(grid, column - 1).endNs);
      }
    }),
  );
});

test("bounds of durations go on as the server makes them", () => {
  expect(boundsFrom(0, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(boundsFrom(1024, 5)).toEqual([1024, 1280, 1536, 1792, 2048, 2560]);
  expect(previousBound(0)).toBeNull();
  fc.assert(
    fc.property(fc.nat(150), (rows) => {
      const bound = boundsFrom(0, rows).at(-1) ?? 0;
      expect(previousBound(nextBound(bound))).toBe(bound);
    }),
  );
});

test("what has no spans has rows all the same", () => {
  const range = { startNs: NOON, endNs: NOON + 10n ** 10n };
  const found = {
    widthNs: 10n ** 9n,
    boundsNs: [],
    buckets: [],
    coveredFromNs: NOON,
    coveredToNs: NOON,
  };
  const grid = gridOf({ ...found, limitedBy: null }, range, 40);
  expect(grid.columns).toBe(11);
  expect(grid.rows).toBe(16);
  expect(grid.most).toBe(0);
});

test("a region outside of the range is nowhere", () => {
  const range = { startNs: NOON, endNs: NOON + 10n ** 10n };
  const grid = gridOf(
    {
      widthNs: 10n ** 9n,
      boundsNs: [],
      buckets: [],
      coveredFromNs: NOON,
      coveredToNs: NOON,
      limitedBy: null,
    },
    range,
    40,
  );
  expect(placeOf(grid, { startNs: NOON - 5n, endNs: NOON })).toBeNull();
  expect(placeOf(grid, { startNs: NOON, endNs: NOON + 10n ** 9n, minNs: 10, maxNs: 5 })).toBeNull();
});

test("one span is seen beside a million, and the most is the strongest", () => {
  expect(strength(0, 10)).toBe(0);
  expect(strength(1, 1_000_000)).toBeGreaterThan(0.1);
  expect(strength(1_000_000, 1_000_000)).toBe(1);
  expect(strength(1, 1)).toBe(1);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 2, max: 1e9 }), (a, most) => {
      expect(strength(a + 1, most)).toBeGreaterThanOrEqual(strength(a, most));
      expect(strength(a, most)).toBeLessThanOrEqual(1);
    }),
  );
});
