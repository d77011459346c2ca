/**
 * A flame graph over time: each depth has a band of rows, in which spans that run at the same time
 * stand in lanes below each other. In a row nothing overlaps, so one search finds what is where,
 * and a picture costs as much as it has pixels, however many spans there are.
 */

import { at, endOf, firstNotBelow, placesBy, Status, type TraceModel } from "./model";

export interface Flame {
  rows: number;
  /** The row of each span, and the first row of each depth. */
  row: Uint32Array;
  band: Uint32Array;
  /** Slots of row `r` are those from `first[r]` to before `first[r + 1]`, by start. */
  first: Uint32Array;
  /** Of each slot: the span, when it starts and ends; both ascend within a row. */
  span: Uint32Array;
  from: Float64Array;
  to: Float64Array;
  /** How many errors there are in slots before this one; one longer. */
  errorsBefore: Uint32Array;
}

/** A part of a row of the size of a pixel or more: slots from `first` to before `last`. */
export type Draw = (first: number, last: number, left: number, right: number) => void;

/** What is looked at: nanoseconds, and how many pixels they are shown in. */
export interface FlameWindow {
  from: number;
  to: number;
  width: number;
}

export function layFlame(model: TraceModel): Flame {
  const { count, depth } = model;
  const byDepth = new Uint32Array(count);
  const order = placesBy(model.start);
  const deepest = depth.reduce((one, other) => Math.max(one, other), 0);
  const levelFirst = new Uint32Array(deepest + 2);
  for (const level of depth) levelFirst[level + 1] = at(levelFirst, level + 1) + 1;
  for (let level = 0; level <= deepest; level++) {
    levelFirst[level + 1] = at(levelFirst, level + 1) + at(levelFirst, level);
  }
  const fill = levelFirst.slice();
  for (const span of order) {
    const level = at(depth, span);
    byDepth[at(fill, level)] = span;
    fill[level] = at(fill, level) + 1;
  }
  const row = new Uint32Array(count);
  const band = new Uint32Array(deepest + 1);
  let rows = 0;
  for (let level = 0; level <= deepest; level++) {
    band[level] = rows;
    const spans = byDepth.subarray(at(levelFirst, level), at(levelFirst, level + 1));
    const lanes = new Lanes(spans.length);
    for (const span of spans) {
      row[span] = rows + lanes.take(at(model.start, span), occupiedUntil(model, span));
    }
    rows += lanes.used;
  }
  return inSlots(model, { rows, row, band }, order);
}

/** An instant needs its place too, or nobody could point at it. */
function occupiedUntil(model: TraceModel, span: number): number {
  return Math.max(endOf(model, span), at(model.start, span) + 1);
}

function inSlots(
  model: TraceModel,
  { rows, row, band }: Pick<Flame, "rows" | "row" | "band">,
  byStart: Uint32Array,
): Flame {
  const { count } = model;
  const first = new Uint32Array(rows + 1);
  for (const one of row) first[one + 1] = at(first, one + 1) + 1;
  for (let one = 0; one < rows; one++) first[one + 1] = at(first, one + 1) + at(first, one);
  const fill = first.slice();
  const span = new Uint32Array(count);
  for (const one of byStart) {
    const place = at(row, one);
    span[at(fill, place)] = one;
    fill[place] = at(fill, place) + 1;
  }
  const errorsBefore = countBefore(span, (one) => model.status[one] === Status.error);
  return {
    rows,
    row,
    band,
    first,
    span,
    from: Float64Array.from(span, (one) => at(model.start, one)),
    to: Float64Array.from(span, (one) => occupiedUntil(model, one)),
    errorsBefore,
  };
}

/** For each slot how many before it are wanted: whether a part has any is then one subtraction. */
export function countBefore(spans: Uint32Array, wanted: (span: number) => boolean): Uint32Array {
  const before = new Uint32Array(spans.length + 1);
  spans.forEach((span, slot) => {
    before[slot + 1] = at(before, slot) + (wanted(span) ? 1 : 0);
  });
  return before;
}

/** Finds the first lane that is free, by a tree of the earliest ends. */
class Lanes {
  used = 0;
  private size: number;
  private ends: Float64Array;

  constructor(most: number) {
    this.size = 1;
    while (this.size < Math.min(most, 16)) this.size *= 2;
    this.ends = new Float64Array(2 * this.size).fill(Number.NEGATIVE_INFINITY);
  }

  take(from: number, to: number): number {
    if (at(this.ends, 1) > from) this.grow();
    let node = 1;
    while (node < this.size) {
      node *= 2;
      if (at(this.ends, node) > from) node++;
    }
    const lane = node - this.size;
    this.ends[node] = to;
    while (node > 1) {
      node >>= 1;
      this.ends[node] = Math.min(at(this.ends, 2 * node), at(this.ends, 2 * node + 1));
    }
    this.used = Math.max(this.used, lane + 1);
    return lane;
  }

  private grow(): void {
    const lanes = this.ends.subarray(this.size);
    const ends = new Float64Array(4 * this.size).fill(Number.NEGATIVE_INFINITY);
    ends.set(lanes, 2 * this.size);
    this.size *= 2;
    this.ends = ends;
    for (let node = this.size - 1; node >= 1; node--) {
      ends[node] = Math.min(at(ends, 2 * node), at(ends, 2 * node + 1));
    }
  }
}

/**
 * Calls `draw` from left to right for all that is to be seen of a row. Spans of a pixel and more
 * come alone, in fractions of pixels; smaller ones together with those that start in their pixel.
 * So there are at most two calls a pixel, each found by a search.
 */
export function drawRow(flame: Flame, row: number, window: FlameWindow, draw: Draw): void {
  const { from, to } = flame;
  const scale = window.width / (window.to - window.from);
  const last = at(flame.first, row + 1);
  let slot = firstSlot(to, at(flame.first, row), last, window.from, true);
  while (slot < last && at(from, slot) < window.to) {
    const left = (at(from, slot) - window.from) * scale;
    const right = (at(to, slot) - window.from) * scale;
    if (right - left >= 1) {
      draw(slot, slot + 1, Math.max(left, 0), Math.min(right, window.width));
      slot++;
      continue;
    }
    const pixel = Math.max(Math.floor(left), 0);
    const pixelEnd = window.from + (pixel + 1) / scale;
    let after = firstSlot(from, slot + 1, last, pixelEnd, false);
    // The last to start in this pixel may be a long one.
    if (after - 1 > slot && (at(to, after - 1) - at(from, after - 1)) * scale >= 1) after--;
    draw(slot, after, pixel, pixel + 1);
    slot = after;
  }
}

/** The first slot whose value is at least, or when `above` more than, this. */
function firstSlot(
  values: Float64Array,
  low: number,
  high: number,
  value: number,
  above: boolean,
): number {
  // Most of the time it is near: double the step, then halve.
  let step = 1;
  let end = low;
  const before = (slot: number) => {
    const one = at(values, slot);
    return one < value || (above && one === value);
  };
  while (end < high && before(end)) {
    low = end + 1;
    end = Math.min(high, end + step);
    step *= 2;
  }
  while (low < end) {
    const middle = (low + end) >>> 1;
    if (before(middle)) low = middle + 1;
    else end = middle;
  }
  return low;
}

/** The span in a row at a time, else the nearest within `reach` nanoseconds; -1: none. */
export function hitFlame(flame: Flame, row: number, time: number, reach: number): number {
  if (row < 0 || row >= flame.rows) return -1;
  const low = at(flame.first, row);
  const after = low + firstNotBelow(flame.from.subarray(low, at(flame.first, row + 1)), time);
  let nearest = -1;
  let distance = reach;
  // It starts at or after the time, or is the last that started before.
  for (const slot of [after - 1, after]) {
    if (slot < low || slot >= at(flame.first, row + 1)) continue;
    const apart = Math.max(at(flame.from, slot) - time, time - at(flame.to, slot), 0);
    const covers = at(flame.from, slot) <= time && time < at(flame.to, slot);
    if (covers) return at(flame.span, slot);
    if (apart <= distance) {
      nearest = at(flame.span, slot);
      distance = apart;
    }
  }
  return nearest;
}
