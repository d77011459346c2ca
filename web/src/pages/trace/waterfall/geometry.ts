// Where things stand in the waterfall: bars, labels, the ruler's marks, the indent of names.

import type { Zoom } from "../url";

export const ROW_HEIGHT = 28;

/** Left edge and width as shares of the area, cut to what is in it; null when nothing is. */
export interface Place {
  left: number;
  width: number;
}

/** Where a stretch of time stands. A span of no duration has a place, of width 0. */
export function placeOf(start: number, duration: number, zoom: Zoom): Place | null {
  const length = zoom.end - zoom.start;
  const end = start + duration;
  if (length <= 0 || end < zoom.start || start > zoom.end) return null;
  const left = Math.max(0, (start - zoom.start) / length);
  const right = Math.min(1, (end - zoom.start) / length);
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

const STEPS = [1, 2, 5] as const;

/** Round times within the zoom, at most `most` of them, from the trace's start. */
export function ticks(zoom: Zoom, most: number): number[] {
  const length = zoom.end - zoom.start;
  if (!(length > 0) || most < 1) return [];
  const step = roundStep(length / most);
  const first = Math.ceil(zoom.start / step) * step;
  const marks: number[] = [];
  for (let at = first; at <= zoom.end && marks.length <= most; at += step) marks.push(at);
  return marks;
}

/** The next of 1, 2, 5, 10, 20, … nanoseconds; minutes and hours from a minute on. */
function roundStep(least: number): number {
  if (least > 30e9) {
    const known = [60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400];
    const found = known.find((seconds) => seconds * 1e9 >= least);
    return found === undefined ? Math.ceil(least / 86_400e9) * 86_400e9 : found * 1e9;
  }
  if (least <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = STEPS.find((one) => one * power >= least * (1 - 1e-9)) ?? 10;
  return step * power;
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

/** A zoom within the trace, by a factor around a time: below 1 is nearer. */
export function zoomBy(zoom: Zoom, factor: number, around: number, duration: number): Zoom | null {
  const length = Math.max(MIN_ZOOM, (zoom.end - zoom.start) * factor);
  if (length >= duration) return null;
  const share = (around - zoom.start) / (zoom.end - zoom.start);
  return within(around - share * length, length, duration);
}

/** The same length, moved by a share of it. */
export function panBy(zoom: Zoom, share: number, duration: number): Zoom {
  const length = zoom.end - zoom.start;
  return within(zoom.start + share * length, length, duration) ?? zoom;
}

/** Nobody can see less than this. */
const MIN_ZOOM = 100;

function within(start: number, length: number, duration: number): Zoom | null {
  const moved = Math.max(0, Math.min(start, duration - length));
  const from = Math.floor(moved);
  const to = Math.ceil(moved + length);
  return from <= 0 && to >= duration ? null : { start: from, end: to };
}
