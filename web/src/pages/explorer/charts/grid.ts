/** The histogram as columns and rows: what the charts draw, and what is where in them. */

import type { Histogram } from "../../../api/convert-explore";
import type { Bounds } from "../../../route/time-text";
import type { Region } from "../region";

/** Columns are stretches of time, rows are stretches of duration, the shortest first. */
export interface Grid {
  columns: number;
  rows: number;
  /** Where the first column begins; the range may begin within it. */
  originNs: bigint;
  widthNs: bigint;
  range: Bounds;
  /** Bounds of rows in ns: one more than rows. */
  bounds: readonly number[];
  /** By column. */
  spans: Float64Array;
  ok: Float64Array;
  unset: Float64Array;
  errors: Float64Array;
  /** p50, p95 and p99 in ns; null where there is no span. */
  quantiles: readonly (readonly [number, number, number] | null)[];
  /** By column × rows + row. */
  cells: Float64Array;
  errorCells: Float64Array;
  most: number;
  mostErrors: number;
}

export interface Cell {
  column: number;
  row: number;
}

/** Fewer rows would be drawn as thick bars that suggest a precision there is not. */
const FEWEST_ROWS = 16;
const MOST_COLUMNS = 2000;

/** Rows are joined until there are at most `mostRows`. */
export function gridOf(found: Histogram, range: Bounds, mostRows: number): Grid {
  const { widthNs } = found;
  const first = range.startNs / widthNs;
  // The server makes a few hundred at most; memory must not hang on that.
  const columns = Math.min(MOST_COLUMNS, Number(range.endNs / widthNs - first) + 1);
  const { bounds, place } = rowsOf(found.boundsNs, Math.max(FEWEST_ROWS, mostRows));
  const rows = bounds.length - 1;
  const grid: Grid = {
    columns,
    rows,
    originNs: first * widthNs,
    widthNs,
    range,
    bounds,
    spans: new Float64Array(columns),
    ok: new Float64Array(columns),
    unset: new Float64Array(columns),
    errors: new Float64Array(columns),
    quantiles: new Array(columns).fill(null),
    cells: new Float64Array(columns * rows),
    errorCells: new Float64Array(columns * rows),
    most: 0,
    mostErrors: 0,
  };
  const quantiles: (readonly [number, number, number] | null)[] = new Array(columns).fill(null);
  for (const bucket of found.buckets) {
    const column = Number(bucket.startNs / widthNs - first);
    if (column < 0 || column >= columns) continue;
    grid.spans[column] = bucket.spans;
    grid.ok[column] = bucket.ok;
    grid.unset[column] = bucket.unset;
    grid.errors[column] = bucket.errors;
    quantiles[column] = [bucket.p50Ns, bucket.p95Ns, bucket.p99Ns];
    add(grid.cells, bucket.durations, column * rows, place);
    add(grid.errorCells, bucket.errorDurations, column * rows, place);
  }
  const largest = (values: Float64Array) => values.reduce((most, one) => Math.max(most, one), 0);
  return {
    ...grid,
    quantiles,
    most: largest(grid.cells),
    mostErrors: largest(grid.errorCells),
  };
}

function add(
  cells: Float64Array,
  counts: readonly number[],
  offset: number,
  place: (row: number) => number,
): void {
  counts.forEach((count, row) => {
    const at = offset + place(row);
    cells[at] = (cells[at] ?? 0) + count;
  });
}

/** Bounds of the rows that are drawn, and in which of them a row of the answer is. */
function rowsOf(
  given: readonly number[],
  mostRows: number,
): { bounds: number[]; place: (row: number) => number } {
  const bounds = given.length < 2 ? [1 << 20, nextBound(1 << 20)] : [...given];
  let below = 0;
  while (bounds.length - 1 < FEWEST_ROWS) {
    // As much room above as below; there is nothing below 0.
    const lower = previousBound(bounds[0] ?? 0);
    if (lower !== null && bounds.length % 2 === 0) {
      bounds.unshift(lower);
      below++;
    } else {
      bounds.push(nextBound(bounds.at(-1) ?? 1));
    }
  }
  const joined = Math.ceil((bounds.length - 1) / mostRows);
  const kept = bounds.filter((_, at) => at % joined === 0);
  if ((bounds.length - 1) % joined !== 0) kept.push(bounds.at(-1) ?? 0);
  return { bounds: kept, place: (row) => Math.floor((row + below) / joined) };
}

/** A power of two has 3 bounds between it and the next, in whole nanoseconds. */
export function nextBound(bound: number): number {
  if (bound < 1) return 1;
  return bound + Math.max(1, 2 ** Math.floor(Math.log2(bound)) / 4);
}

export function previousBound(bound: number): number | null {
  if (bound <= 0) return null;
  const octave = 2 ** Math.floor(Math.log2(bound));
  return bound - Math.max(1, Math.min(bound, octave === bound ? octave / 8 : octave / 4));
}

/** Where a duration is among the rows: 0 to `rows`, logarithmic within a row. */
export function rowAt(bounds: readonly number[], ns: number): number {
  const rows = bounds.length - 1;
  if (ns <= (bounds[0] ?? 0)) return 0;
  for (let row = 0; row < rows; row++) {
    const [low, high] = [bounds[row] ?? 0, bounds[row + 1] ?? 0];
    if (ns < high) {
      const share =
        low <= 0 ? ns / high : (Math.log(ns) - Math.log(low)) / (Math.log(high) - Math.log(low));
      return row + share;
    }
  }
  return rows;
}

/** The cell at a place given in columns and rows from the lower left; outside: the nearest. */
export function cellAt(grid: Grid, column: number, row: number): Cell {
  const within = (value: number, count: number) =>
    Math.min(Math.max(0, count - 1), Math.max(0, Math.floor(value)));
  return { column: within(column, grid.columns), row: within(row, grid.rows) };
}

/** When a column begins and ends, within the range. */
export function columnTimes(grid: Grid, column: number): Bounds {
  const startNs = grid.originNs + BigInt(column) * grid.widthNs;
  const endNs = startNs + grid.widthNs;
  const { range } = grid;
  return {
    startNs: startNs < range.startNs ? range.startNs : startNs,
    endNs: endNs > range.endNs ? range.endNs : endNs,
  };
}

/** Whole columns from one to the other, both included. */
export function timesOf(grid: Grid, one: number, other: number): Bounds {
  return {
    startNs: columnTimes(grid, Math.min(one, other)).startNs,
    endNs: columnTimes(grid, Math.max(one, other)).endNs,
  };
}

/** The region of whole cells between two, both included; all rows at an edge: no bound there. */
export function regionOf(grid: Grid, one: Cell, other: Cell, onlyErrors: boolean): Region {
  const low = Math.min(one.row, other.row);
  const high = Math.max(one.row, other.row) + 1;
  return {
    ...timesOf(grid, one.column, other.column),
    ...(low > 0 && { minNs: grid.bounds[low] ?? 0 }),
    ...(high < grid.rows && { maxNs: grid.bounds[high] ?? 0 }),
    ...(onlyErrors && { status: "error" as const }),
  };
}

/** A rectangle in columns and rows, from the lower left. */
export interface Place {
  from: number;
  to: number;
  low: number;
  high: number;
}

/** Where a region is in the grid; null when it lies outside. */
export function placeOf(grid: Grid, region: Region): Place | null {
  const at = (ns: bigint) => Number(ns - grid.originNs) / Number(grid.widthNs);
  const from = Math.max(at(grid.range.startNs), at(region.startNs));
  const to = Math.min(at(grid.range.endNs), at(region.endNs));
  if (from >= to) return null;
  const low = region.minNs === undefined ? 0 : rowAt(grid.bounds, region.minNs);
  const high = region.maxNs === undefined ? grid.rows : rowAt(grid.bounds, region.maxNs);
  return low < high ? { from, to, low, high } : null;
}

/** Spans of whole cells within a region, as far as they can be told from the grid. */
export function countIn(grid: Grid, region: Region): { spans: number; errors: number } {
  const place = placeOf(grid, region);
  const counted = { spans: 0, errors: 0 };
  if (place === null) return counted;
  for (let column = Math.floor(place.from); column < place.to; column++) {
    for (let row = Math.floor(place.low); row < place.high; row++) {
      counted.spans += grid.cells[column * grid.rows + row] ?? 0;
      counted.errors += grid.errorCells[column * grid.rows + row] ?? 0;
    }
  }
  return counted;
}

/** How strong a count is shown, 0 to 1: by its logarithm, so that a single span is seen too. */
export function strength(count: number, most: number): number {
  if (count <= 0 || most <= 0) return 0;
  return most <= 1 ? 1 : 0.14 + 0.86 * (Math.log(Math.min(count, most)) / Math.log(most));
}
