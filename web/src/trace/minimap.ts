/**
 * The whole trace on a few pixels, as the waterfall would look from far away: time from left to
 * right, the trace's order from top to bottom. A pixel is of one span.
 */

import { at, endOf, Status, type TraceModel } from "./model";

export interface Minimap {
  width: number;
  height: number;
  /** Of each pixel, row by row: the service as an index plus 1, 0 where nothing runs. */
  service: Uint16Array;
  /** Of each pixel: 1 where a span with an error runs. */
  error: Uint8Array;
  /** Of each column: 1 where a span with an error runs. */
  errorColumn: Uint8Array;
}

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
  const shown = mask ? mask.reduce((count, one) => count + (one === 0 ? 0 : 1), 0) : model.count;
  // Lines as high as there is room for, but not so high that few spans look like a flag.
  const line = Math.max(1, Math.min(4, Math.floor(height / Math.max(1, shown))));
  let order = 0;
  for (let span = 0; span < model.count; span++) {
    if (mask && mask[span] === 0) continue;
    const left = Math.min(width - 1, Math.floor(at(model.start, span) * scale));
    const right = Math.max(left + 1, Math.min(width, Math.ceil(endOf(model, span) * scale)));
    const top =
      shown * line <= height ? order * line : Math.floor((order * (height - line + 1)) / shown);
    order++;
    const failed = model.status[span] === Status.error;
    for (let row = top; row < top + line; row++) {
      // Later ones are deeper or come after: they cover what is around them, which is longer.
      service.fill(at(model.service, span) + 1, row * width + left, row * width + right);
      if (failed) error.fill(1, row * width + left, row * width + right);
    }
    if (failed) errorColumn.fill(1, left, right);
  }
  return { width, height, service, error, errorColumn };
}
