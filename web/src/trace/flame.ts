/**
 * A flame graph over time: a span's children stand right below it. Children that run at the same
 * time stand below each other, each with all that is below it in a block of its own. So where
 * nothing overlaps a row is a depth, and between a span and its children stand only their siblings.
 *
 * In a row nothing overlaps: one search finds what is where, and a picture costs as much as it has
 * pixels, however many spans there are.
 */

import { at, endOf, firstNotBelow, isParent, placesBy, Status, type TraceModel } from "./model";
import { EFFORT, type Effort, Pile, Rows } from "./stacking";

export interface Flame {
  rows: number;
  /** Of each span. */
  row: Uint32Array;
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
  const { count, parent } = model;
  const box = boxes(model);
  const effort = { left: EFFORT };
  // Below its parent, then from the top: a parent's row is known before its children's.
  const row = new Uint32Array(count);
  for (let span = count - 1; span >= 0; span--) {
    if (isParent(model, span))
      box.height[span] = 1 + stack(childrenOf(model, span), box, row, effort);
  }
  const rows = stack(childrenOf(model, -1), box, row, effort);
  for (let span = 0; span < count; span++) {
    const above = at(parent, span);
    if (above >= 0) row[span] = at(row, span) + at(row, above) + 1;
  }
  return inSlots(model, rows, row);
}

/** What a span and all below it take up: when, and how many rows. */
interface Boxes {
  from: Float64Array;
  to: Float64Array;
  height: Uint32Array;
}

function boxes(model: TraceModel): Boxes {
  const from = model.start.slice();
  const to = Float64Array.from(from, (_, span) => occupiedUntil(model, span));
  for (let span = model.count - 1; span >= 0; span--) {
    const above = at(model.parent, span);
    if (above < 0) continue;
    from[above] = Math.min(at(from, above), at(from, span));
    to[above] = Math.max(at(to, above), at(to, span));
  }
  return { from, to, height: new Uint32Array(model.count).fill(1) };
}

/** By start; -1 has the spans at the top. */
function childrenOf(model: TraceModel, span: number): number[] {
  const children: number[] = [];
  const end = span < 0 ? model.count : at(model.end, span);
  for (let child = span + 1; child < end; child = at(model.end, child)) children.push(child);
  return children;
}

/** Gives each its first row, from 0, and answers how many rows there are. */
function stack(children: number[], box: Boxes, row: Uint32Array, effort: Effort): number {
  children.sort((a, b) => at(box.from, a) - at(box.from, b) || a - b);
  let all = 0;
  let tallest = 0;
  let apart = true;
  let until = Number.NEGATIVE_INFINITY;
  for (const child of children) {
    apart &&= at(box.from, child) >= until;
    until = Math.max(until, at(box.to, child));
    all += at(box.height, child);
    tallest = Math.max(tallest, at(box.height, child));
  }
  if (apart) {
    for (const child of children) row[child] = 0;
    return tallest;
  }
  effort.left -= all;
  const rows = effort.left > 0 ? new Rows(all) : new Pile();
  for (const child of children) {
    row[child] = rows.take(at(box.from, child), at(box.to, child), at(box.height, child));
  }
  return rows.used;
}

/** An instant needs its place too, or nobody could point at it. */
function occupiedUntil(model: TraceModel, span: number): number {
  return Math.max(endOf(model, span), at(model.start, span) + 1);
}

function inSlots(model: TraceModel, rows: number, row: Uint32Array): Flame {
  const { count } = model;
  const first = new Uint32Array(rows + 1);
  for (const one of row) first[one + 1] = at(first, one + 1) + 1;
  for (let one = 0; one < rows; one++) first[one + 1] = at(first, one + 1) + at(first, one);
  const fill = first.slice();
  const span = new Uint32Array(count);
  for (const one of placesBy(model.start)) {
    const place = at(row, one);
    span[at(fill, place)] = one;
    fill[place] = at(fill, place) + 1;
  }
  const errorsBefore = countBefore(span, (one) => model.status[one] === Status.error);
  return {
    rows,
    row,
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
