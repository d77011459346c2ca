/** Traces of any size: a batch job with levels of work, one needle in it, one error. */

import { ago, type SpanSpec, spanId, type TraceSpec, traceId } from "./otlp";

const STEP = 50_000;
const SERVICES = ["batch", "ledger", "pricing", "catalog", "mail", "audit"] as const;

export const NEEDLE = "needle-7d31";

export function large(count: number): TraceSpec {
  const ids = Array.from({ length: count }, spanId);
  const spans: SpanSpec[] = ids.map((id, at) => {
    const parent = at === 0 ? undefined : ids[Math.floor((at - 1) / 8)];
    const needle = at === Math.floor(count * 0.73);
    return {
      id,
      ...(parent && { parent }),
      name: at === 0 ? "nightly run" : `step ${at % 40}`,
      service: SERVICES[at % SERVICES.length] ?? "batch",
      kind: at % 5 === 0 ? "client" : "internal",
      start: at * STEP,
      // Each ends after its last descendant.
      duration: at === 0 ? count * STEP * 2 : Math.max(1, Math.floor((count - at) / 8)) * STEP,
      failed: at === Math.floor(count * 0.61),
      attributes: { "batch.item": at, ...(needle && { "batch.note": NEEDLE }) },
      events: at % 50 === 0 ? [{ name: "checkpoint", at: 10_000 }] : [],
    };
  });
  return { id: traceId(), startNs: ago(120), spans };
}
