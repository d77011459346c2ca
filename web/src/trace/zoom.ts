/** The part of a trace that is looked at. All that moves it stays within the trace. */

/** Nanoseconds from the start of the trace. */
export interface Zoom {
  from: number;
  to: number;
}

export type OnZoom = (zoom: Zoom, how: "push" | "replace") => void;

/** Nobody can see less than this. */
const LEAST = 100;
const NEARLY = 0.995;

export function wholeZoom(durationNs: number): Zoom {
  return { from: 0, to: Math.max(LEAST, durationNs) };
}

export function isWhole(zoom: Zoom, durationNs: number): boolean {
  return zoom.from <= 0 && zoom.to >= durationNs;
}

/** The part of a zoom that is in a trace of this duration; null when none is. */
export function zoomWithin(zoom: Zoom | null, durationNs: number): Zoom | null {
  if (zoom === null || zoom.from >= durationNs) return null;
  return zoom.to <= wholeZoom(durationNs).to ? zoom : { from: zoom.from, to: durationNs };
}

/** From one time to another, whichever is first; as wide as can be seen. */
export function zoomBetween(one: number, other: number, durationNs: number): Zoom {
  const length = Math.max(LEAST, Math.abs(other - one));
  return placed((one + other - length) / 2, length, durationNs);
}

/** By a factor, below 1 is nearer; the time `around` stays where it is. */
export function zoomAround(zoom: Zoom, factor: number, around: number, durationNs: number): Zoom {
  const now = zoom.to - zoom.from;
  const length = Math.max(LEAST, now * factor);
  // The way out ends at the whole, not at what rounding has left of it.
  if (factor > 1 && length > NEARLY * durationNs) return wholeZoom(durationNs);
  return placed(around - ((around - zoom.from) / now) * length, length, durationNs);
}

export function zoomMoved(zoom: Zoom, by: number, durationNs: number): Zoom {
  return placed(zoom.from + by, zoom.to - zoom.from, durationNs);
}

/** Moved as little as it takes to see a stretch of time, or what there is room for of it. */
export function zoomShowing(zoom: Zoom, from: number, to: number, durationNs: number): Zoom {
  if (from < zoom.to && to > zoom.from) return zoom;
  const length = zoom.to - zoom.from;
  const middle = to - from < length ? (from + to) / 2 : from + length / 2;
  return placed(middle - length / 2, length, durationNs);
}

function placed(from: number, length: number, durationNs: number): Zoom {
  const whole = wholeZoom(durationNs);
  if (length >= whole.to) return whole;
  const start = Math.round(Math.min(Math.max(0, from), whole.to - length));
  return { from: start, to: Math.min(whole.to, Math.round(start + length)) };
}

/** Round times within the zoom with at least so much time between them. */
export function ticks(zoom: Zoom, apart: number): number[] {
  const step = roundStep(Math.max(1, apart));
  const marks: number[] = [];
  for (let mark = Math.ceil(zoom.from / step); mark * step <= zoom.to; mark++) {
    marks.push(mark * step);
  }
  return marks;
}

const SECONDS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400];

function roundStep(least: number): number {
  if (least > 30e9) {
    const known = SECONDS.find((seconds) => seconds * 1e9 >= least);
    return (known ?? Math.ceil(least / 86_400e9) * 86_400) * 1e9;
  }
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((one) => one * power >= least) ?? 10) * power;
}
