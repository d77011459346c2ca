// What is drawn within a bar: when the span itself worked, and where its events are.

import { at, endOf, eventsOf, type TraceModel } from "../../../trace/model";
import type { Zoom } from "../../../trace/zoom";
import type { Stretch } from "../store";

/** More children than these are not looked at for one bar; nobody could see the gaps. */
const MOST_CHILDREN = 400;

/** When none of its children ran; null if there are too many to look at. */
export function ownStretches(model: TraceModel, span: number): Stretch[] | null {
  const from = at(model.start, span);
  const to = endOf(model, span);
  const end = at(model.end, span);
  const covered: Stretch[] = [];
  for (let child = span + 1; child < end; child = at(model.end, child)) {
    if (covered.length === MOST_CHILDREN) return null;
    const start = Math.max(from, Math.min(to, at(model.start, child)));
    covered.push([start, Math.max(start, Math.min(to, endOf(model, child)))]);
  }
  // From the server siblings come by start; with corrected times they may not.
  covered.sort((a, b) => a[0] - b[0]);
  const own: Stretch[] = [];
  let free = from;
  for (const [start, stop] of covered) {
    if (start > free) own.push([free, start]);
    free = Math.max(free, stop);
  }
  if (free < to) own.push([free, to]);
  return own;
}

/** Stops of a gradient; finer ones are not seen and cost the browser. */
const MOST_STRETCHES = 40;

/**
 * A background for the part of a bar that is in the zoom: `--own` where the span worked itself,
 * `--waits` where its children did.
 */
export function barBackground(own: readonly Stretch[], bar: Stretch, zoom: Zoom): string {
  const from = Math.max(bar[0], zoom.from);
  const length = Math.min(bar[1], zoom.to) - from;
  const seen = own.filter(([start, end]) => end > from && start < from + length);
  if (length <= 0 || seen.length === 0) return "var(--waits)";
  const widest = [...seen].sort((a, b) => b[1] - b[0] - (a[1] - a[0])).slice(0, MOST_STRETCHES);
  const shown = widest.sort((a, b) => a[0] - b[0]);
  const percent = (time: number) =>
    `${(Math.max(0, Math.min(1, (time - from) / length)) * 100).toFixed(2)}%`;
  const stops: string[] = [];
  let last = "0.00%";
  for (const [start, end] of shown) {
    const [left, right] = [percent(start), percent(end)];
    if (left !== last) stops.push(`var(--waits) ${last} ${left}`);
    stops.push(`var(--own) ${left} ${right}`);
    last = right;
  }
  if (last !== "100.00%") stops.push(`var(--waits) ${last} 100%`);
  return `linear-gradient(to right, ${stops.join(", ")})`;
}

export interface Dot {
  /** Which event of its span. */
  event: number;
  /** Where, as a share of the area. */
  left: number;
  exception: boolean;
}

/** Events nearer than this, in pixels, are one dot. */
const DOT_WIDTH = 5;
const MOST_LOOKED_AT = 5000;

/** The events of a span that are in the zoom; of those on one spot the first exception, else the first. */
export function dotsOf(model: TraceModel, span: number, zoom: Zoom, area: number): Dot[] {
  const [first, end] = eventsOf(model, span);
  const dots = new Map<number, Dot>();
  for (let index = first; index < Math.min(end, first + MOST_LOOKED_AT); index++) {
    const left = (at(model.event.offset, index) - zoom.from) / (zoom.to - zoom.from);
    const spot = Math.round((left * area) / DOT_WIDTH);
    if (!(left >= 0 && left <= 1)) continue;
    const exception = model.event.exception[index] === 1;
    const there = dots.get(spot);
    if (there !== undefined && (there.exception || !exception)) continue;
    dots.set(spot, { event: index - first, left, exception });
  }
  return [...dots.values()];
}
