/**
 * What the end of a trace waited for, after Jaeger's idea of the last finishing child.
 *
 * Walk back from the end of the root. The child that finished last held its parent up: the path
 * goes through it, and on from its start to the child that had finished by then, and so on. Where
 * no child had finished, the time is the parent's own. So the path covers the whole root once.
 *
 * - Only what happens within the parent counts, so children are clipped to it, and theirs to them.
 * - A child still running when the next one on the path starts did not hold it up: it is left out.
 * - Of children that end together the one that starts first is taken, then the one listed first.
 * - A message's consumer that outlives the producer's span was not waited for.
 * - A trace without a root, or with several, is walked as if one span that is not known had
 *   started them all; its own time is on nobody's path. With one root, spans whose parent is
 *   missing are left out: where they belong is not known.
 */

import { at, endOf, firstNotBelow, Kind, placesBy, type TraceModel } from "./model";
import { isRoot } from "./rows";

export interface CriticalPath {
  /** Segments by time; they never overlap. */
  span: Uint32Array;
  from: Float64Array;
  to: Float64Array;
  /** 1 for each span of the trace with a segment. */
  on: Uint8Array;
  /** Sum of the segments. */
  totalNs: number;
  /** The segments' indexes, by span and then time, and their spans in that order. */
  bySpan: Uint32Array;
  spans: Uint32Array;
}

/** A span on the way down, within what is left of it by its ancestors. */
interface Frame {
  /** -1: the unknown span above several roots. */
  span: number;
  from: number;
  /** What is after this is done. */
  left: number;
  /** Children that can be on the path, the last to finish first. */
  children: Clipped[];
  next: number;
}

interface Clipped {
  span: number;
  from: number;
  to: number;
}

export function criticalPath(model: TraceModel): CriticalPath {
  const span: number[] = [];
  const from: number[] = [];
  const to: number[] = [];
  const own = (frame: Frame, since: number) => {
    if (since >= frame.left || frame.span < 0) return;
    span.push(frame.span);
    from.push(since);
    to.push(frame.left);
  };
  const stack = start(model);
  // A stack of its own: a trace can be deeper than JavaScript's.
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const child = frame.children[frame.next++];
    if (child === undefined) {
      own(frame, frame.from);
      stack.pop();
    } else if (child.to <= frame.left) {
      own(frame, child.to);
      frame.left = child.from;
      stack.push(enter(model, child));
    }
  }
  return indexed(model, span.reverse(), from.reverse(), to.reverse());
}

/** Indexes of the segments of one span, by time. */
export function segmentsOf(path: CriticalPath, span: number): Uint32Array {
  return path.bySpan.subarray(firstNotBelow(path.spans, span), firstNotBelow(path.spans, span + 1));
}

function start(model: TraceModel): Frame[] {
  const tops: number[] = [];
  for (let span = 0; span < model.count; span = at(model.end, span)) tops.push(span);
  const roots = tops.filter((span) => isRoot(model, span));
  const [root] = roots;
  if (root !== undefined && roots.length === 1) {
    return [enter(model, { span: root, from: at(model.start, root), to: endOf(model, root) })];
  }
  const whole = { span: -1, from: 0, to: model.durationNs };
  return [{ ...whole, left: whole.to, children: clipped(model, tops, whole), next: 0 }];
}

function enter(model: TraceModel, within: Clipped): Frame {
  const children: number[] = [];
  const end = at(model.end, within.span);
  for (let child = within.span + 1; child < end; child = at(model.end, child)) {
    if (isAwaited(model, child, within.span)) children.push(child);
  }
  const { span, from, to } = within;
  return { span, from, left: to, children: clipped(model, children, within), next: 0 };
}

function isAwaited(model: TraceModel, child: number, parent: number): boolean {
  return model.kind[child] !== Kind.consumer || endOf(model, child) <= endOf(model, parent);
}

function clipped(model: TraceModel, spans: readonly number[], within: Clipped): Clipped[] {
  const found: Clipped[] = [];
  for (const span of spans) {
    const from = Math.max(at(model.start, span), within.from);
    const to = Math.min(endOf(model, span), within.to);
    // What takes no time holds nothing up.
    if (from < to) found.push({ span, from, to });
  }
  return found.sort((a, b) => b.to - a.to || a.from - b.from || a.span - b.span);
}

function indexed(
  model: TraceModel,
  span: readonly number[],
  from: readonly number[],
  to: readonly number[],
): CriticalPath {
  const on = new Uint8Array(model.count);
  let totalNs = 0;
  span.forEach((one, index) => {
    on[one] = 1;
    totalNs += at(to, index) - at(from, index);
  });
  const bySpan = placesBy(span);
  return {
    span: Uint32Array.from(span),
    from: Float64Array.from(from),
    to: Float64Array.from(to),
    on,
    totalNs,
    bySpan,
    spans: bySpan.map((index) => at(span, index)),
  };
}
