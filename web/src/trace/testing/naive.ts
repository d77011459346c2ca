/** Answers that are slow and obviously right, to hold the fast ones against. */

import type { TraceModel } from "../model";

export function children(model: TraceModel, span: number): number[] {
  return [...model.parent.keys()].filter((other) => model.parent[other] === span);
}

export function isWithin(model: TraceModel, span: number, ancestor: number): boolean {
  for (let above = span; above >= 0; above = model.parent[above] ?? -1) {
    if (above === ancestor) return true;
  }
  return false;
}

/** Counts the single nanoseconds of a span in which no child runs. */
export function selfTime(model: TraceModel, span: number): number {
  const from = model.start[span] ?? 0;
  const below = children(model, span);
  let self = 0;
  for (let instant = from; instant < from + (model.duration[span] ?? 0); instant++) {
    if (!below.some((child) => runs(model, child, instant))) self++;
  }
  return self;
}

export function runs(model: TraceModel, span: number, instant: number): boolean {
  const start = model.start[span] ?? 0;
  return start <= instant && instant < start + (model.duration[span] ?? 0);
}
