/** The skeleton answer as the trace model. */

import { buildTrace, placesBy, type TraceEvents, type TraceModel } from "../trace/model";
import type { components } from "./types.gen";

export type SkeletonAnswer = components["schemas"]["SkeletonAnswer"];
type Nanos = number | string;

export function convertSkeleton(answer: SkeletonAnswer): TraceModel {
  const { spans } = answer;
  return buildTrace({
    traceId: answer.traceId,
    startNs: BigInt(answer.startTimeUnixNano),
    names: answer.names,
    services: answer.services,
    ids: spans.id,
    name: Uint32Array.from(spans.name),
    service: Uint32Array.from(spans.service),
    parent: Int32Array.from(spans.parent),
    start: numbers(spans.startOffsetNanos),
    duration: numbers(spans.durationNanos),
    kind: Uint8Array.from(spans.kind),
    status: Uint8Array.from(spans.status),
    flags: Uint8Array.from(spans.flags),
    missing: answer.missingParents,
    event: events(answer.events),
  });
}

/** Above 2^53 - 1 they come as strings; a picture can do without their last digits. */
function numbers(column: readonly Nanos[]): Float64Array {
  return Float64Array.from(column, Number);
}

function events({
  span,
  offsetNanos,
  exceptions,
  complete,
}: SkeletonAnswer["events"]): TraceEvents {
  const bySpan = placesBy(span);
  const thrown = new Uint8Array(span.length);
  for (const place of exceptions) thrown[place] = 1;
  return {
    span: bySpan.map((place) => span[place] ?? 0),
    offset: Float64Array.from(bySpan, (place) => Number(offsetNanos[place])),
    exception: Uint8Array.from(bySpan, (place) => thrown[place] ?? 0),
    complete,
  };
}
