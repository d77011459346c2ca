/**
 * Clocks that do not agree, seen where one process calls another: a call cannot be served before
 * it is made. Corrected only when asked, and said of every span that is moved.
 *
 * After Jaeger's adjuster: what one process recorded below such a call moves as a whole, so that
 * the served span stands in the middle of the call's slack, as if the network took as long there
 * as back. One that takes longer than its call can only be moved to start with it.
 *
 * A skeleton does not tell hosts, so another process is another service, or a server span under a
 * client span. Messages are no calls: a consumer may start whenever it likes.
 */

import { at, buildTrace, endOf, Kind, type TraceModel } from "./model";

export type SkewReason =
  /** Served before it was called. */
  | "early"
  /** Served, or answered, after the call was over, although it would fit in. */
  | "late";

export interface SkewNote {
  /** The first span of what moves. */
  span: number;
  reason: SkewReason;
  /** Nanoseconds by which it and what its process recorded below it move. */
  shift: number;
}

export interface Skew {
  /** By place. */
  notes: SkewNote[];
  /** Of each span: by how much it moves in all. */
  shift: Float64Array;
}

export function findSkew(model: TraceModel): Skew {
  const { count, parent } = model;
  const shift = new Float64Array(count);
  const notes: SkewNote[] = [];
  for (let span = 0; span < count; span++) {
    const above = at(parent, span);
    if (above < 0) continue;
    // One process has one clock.
    if (!crosses(model, above, span)) {
      shift[span] = at(shift, above);
      continue;
    }
    const moved = correction(model, above, span, at(shift, above));
    if (moved === undefined) continue;
    shift[span] = moved.shift;
    notes.push({ span, ...moved });
  }
  return { notes, shift };
}

function crosses(model: TraceModel, above: number, span: number): boolean {
  return awaits(model, above, span) || model.service[above] !== model.service[span];
}

/** `undefined`: its clock may be right, beside that of its caller as it is corrected by now. */
function correction(
  model: TraceModel,
  call: number,
  served: number,
  callShift: number,
): Pick<SkewNote, "reason" | "shift"> | undefined {
  if (at(model.kind, served) === Kind.consumer) return undefined;
  const callStart = at(model.start, call) + callShift;
  const callEnd = endOf(model, call) + callShift;
  const start = at(model.start, served);
  const slack = at(model.duration, call) - at(model.duration, served);
  const early = start < callStart;
  if (!early && (endOf(model, served) <= callEnd || slack < 0)) return undefined;
  // Who is not known to wait for an answer may have left the work behind.
  if (!early && !awaits(model, call, served)) return undefined;
  const shift = callStart + Math.max(0, Math.floor(slack / 2)) - start;
  return { reason: early ? "early" : "late", shift };
}

function awaits(model: TraceModel, call: number, served: number): boolean {
  return model.kind[call] === Kind.client && model.kind[served] === Kind.server;
}

/** The trace as it would be with clocks that agree: places stay, so what is selected does too. */
export function corrected(model: TraceModel, { shift }: Skew): TraceModel {
  const moved = model.start.map((start, span) => start + at(shift, span));
  const earliest = moved.reduce((one, other) => Math.min(one, other), Number.POSITIVE_INFINITY);
  const start = moved.map((one) => one - earliest);
  const { span, offset } = model.event;
  return buildTrace({
    ...model,
    startNs: model.startNs + BigInt(Math.round(Number.isFinite(earliest) ? earliest : 0)),
    start,
    event: {
      ...model.event,
      offset: offset.map((one, index) => one + at(shift, at(span, index)) - earliest),
    },
  });
}
