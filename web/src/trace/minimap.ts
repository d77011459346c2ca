/**
 * The whole trace on a few pixels: time from left to right, depth from top to bottom. A column says
 * whose spans ran at each depth at its time; a pixel is of one span.
 */

import { at, endOf, Status, type TraceModel } from "./model";

export interface Minimap {
  width: number;
  height: number;
  /** Of each pixel, row by row: the service as an index plus 1, 0 where nothing runs. */
  service: Uint16Array;
  /** Of each pixel: 1 where a span with an error runs. */
  error: Uint8Array;
  /** Of each column: 1 where a span with an error runs that has no error below it. */
  errorColumn: Uint8Array;
}

/** Lines of few depths are not higher; a shallow trace leaves room below. */
const HIGHEST = 10;
/** From this height on a line between depths stays free. */
const GAP_FROM = 4;

/** `mask`: of each span, 0 for those that a filter hides. */
export function layMinimap(
  model: TraceModel,
  width: number,
  height: number,
  mask?: Uint8Array,
): Minimap {
  const service = new Uint16Array(width * height);
  const error = new Uint8Array(width * height);
  const errorColumn = new Uint8Array(width);
  const scale = model.durationNs > 0 ? width / model.durationNs : 0;
  const level = levelsOf(model);
  const levels = 1 + level.reduce((one, other) => Math.max(one, other), 0);
  const tops = lineTops(levels, height);
  const failedBelow = errorsBelow(model);
  for (let span = 0; span < model.count; span++) {
    if (mask && mask[span] === 0) continue;
    const left = Math.min(width - 1, Math.floor(at(model.start, span) * scale));
    const right = Math.max(left + 1, Math.min(width, Math.ceil(endOf(model, span) * scale)));
    const top = at(tops, at(level, span));
    const line = at(tops, at(level, span) + 1) - top;
    const bottom = top + Math.max(1, line >= GAP_FROM ? line - 1 : line);
    const failed = model.status[span] === Status.error;
    for (let row = top; row < bottom; row++) {
      service.fill(at(model.service, span) + 1, row * width + left, row * width + right);
      if (failed) error.fill(1, row * width + left, row * width + right);
    }
    if (failed && failedBelow[span] === 0) errorColumn.fill(1, left, right);
  }
  return { width, height, service, error, errorColumn };
}

/** Depths; what is below a missing parent is not beside the root. */
function levelsOf(model: TraceModel): Uint32Array {
  const level = model.depth.slice();
  for (const { children } of model.missing) {
    for (const child of children) {
      for (let span = child; span < at(model.end, child); span++) level[span] = at(level, span) + 1;
    }
  }
  return level;
}

/**
 * Where each depth begins, and where the last ends. When not all have room, the first ones have the
 * most: one chain of calls would else flatten all that is beside it.
 */
function lineTops(levels: number, height: number): Uint32Array {
  const line = Math.min(HIGHEST, Math.floor(height / levels));
  return Uint32Array.from({ length: levels + 1 }, (_, depth) =>
    line >= GAP_FROM
      ? depth * line
      : Math.min(height - 1, Math.floor((height * Math.log1p(depth)) / Math.log1p(levels))),
  );
}

/** 1 for spans that only pass an error on. */
function errorsBelow({ count, parent, status }: TraceModel): Uint8Array {
  const below = new Uint8Array(count);
  for (let span = count - 1; span >= 0; span--) {
    const above = at(parent, span);
    if (above >= 0 && (status[span] === Status.error || below[span] === 1)) below[above] = 1;
  }
  return below;
}
