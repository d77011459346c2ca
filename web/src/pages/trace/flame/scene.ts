/** Where things stand in the flame graph: pixels to rows and times, and back. */

import { type Flame, hitFlame } from "../../../trace/flame";
import { at, type TraceModel } from "../../../trace/model";
import type { Zoom } from "../../../trace/zoom";

export const ROW = 20;
export const AXIS = 24;
/** Room at the right for the scrollbar; the waterfall leaves the same. */
export const MARGIN = 12;
/** Pixels beside a bar that count as on it. */
const REACH = 2;

export interface View {
  zoom: Zoom;
  /** Of the area in which bars are drawn. */
  width: number;
  scrollTop: number;
}

export function timeAt({ zoom, width }: View, x: number): number {
  return zoom.from + (x / Math.max(1, width)) * (zoom.to - zoom.from);
}

export function pixelAt({ zoom, width }: View, time: number): number {
  return ((time - zoom.from) / (zoom.to - zoom.from)) * width;
}

export function rowAt({ scrollTop }: View, y: number): number {
  return y < AXIS ? -1 : Math.floor((y - AXIS + scrollTop) / ROW);
}

/** The span under a point, -1 for none. */
export function spanAt(flame: Flame, view: View, x: number, y: number): number {
  const reach = timeAt(view, REACH) - timeAt(view, 0);
  return hitFlame(flame, rowAt(view, y), timeAt(view, x), reach);
}

export function heightOf(flame: Flame): number {
  return AXIS + flame.rows * ROW + ROW / 2;
}

/** Where to scroll so that a row is seen; as it is when it is already. */
export function scrollShowing(row: number, scrollTop: number, height: number): number {
  const top = row * ROW;
  const room = height - AXIS;
  if (top < scrollTop) return Math.max(0, top - ROW);
  if (top + ROW > scrollTop + room) return top + 2 * ROW - room;
  return scrollTop;
}

/** A span's time with a little around it, as a double click shows it. */
export function around(model: TraceModel, span: number): [number, number] {
  const start = at(model.start, span);
  const room = at(model.duration, span) * 0.02;
  return [start - room, start + at(model.duration, span) + room];
}
