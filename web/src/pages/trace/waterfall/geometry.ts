// Where things stand in the waterfall: bars, labels, the indent of names.

import type { Zoom } from "../../../trace/zoom";

export const ROW_HEIGHT = 28;

/** Left edge and width as shares of the area, cut to what is in it; null when nothing is. */
export interface Place {
  left: number;
  width: number;
}

/** Where a stretch of time stands. A span of no duration has a place, of width 0. */
export function placeOf(start: number, duration: number, zoom: Zoom): Place | null {
  const length = zoom.to - zoom.from;
  const end = start + duration;
  if (length <= 0 || end < zoom.from || start > zoom.to) return null;
  const left = Math.max(0, (start - zoom.from) / length);
  const right = Math.min(1, (end - zoom.from) / length);
  return { left, width: right - left };
}

export type LabelSide = "after" | "before" | "inside";

/** Beside the bar if there is room, else in it; widths in pixels. */
export function labelSide(place: Place, label: number, area: number): LabelSide {
  const left = place.left * area;
  const right = left + place.width * area;
  if (area - right >= label) return "after";
  if (left >= label) return "before";
  return "inside";
}

/** How wide a label is at most; measuring each would cost a layout. */
export function labelWidth(text: string): number {
  return text.length * 6.6 + 12;
}

export interface Indent {
  /** Pixels of one level. */
  step: number;
  /** Levels that are drawn; deeper spans stand there too, with their depth as a number. */
  most: number;
}

/** Half of the column is for names: deep traces have narrow steps, very deep ones stop. */
export function indentFor(deepest: number, column: number): Indent {
  const room = Math.max(0, column * 0.45 - 24);
  const step = Math.min(16, Math.max(6, Math.floor(room / Math.max(1, deepest))));
  return { step, most: Math.max(1, Math.floor(room / step)) };
}
