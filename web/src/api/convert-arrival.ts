/** `/api/v1/arrival` as the first minute shows it. */

import type { components } from "./types.gen";

type Wire = components["schemas"];

export type Source = Wire["Arrived"]["source"];

export interface ArrivedTrace {
  traceId: string;
  service: string;
  name: string;
  spanCount: number;
  source: Source;
}

export interface Refusal {
  reason: string;
  sentence: string;
  address: string;
  userAgent: string;
  keyPrefix: string;
  count: number;
  lastNs: bigint;
}

/** Spans of one service that arrived lately, and whose own time is another. */
export interface Misdated {
  service: string;
  spans: number;
  firstNs: bigint;
  lastNs: bigint;
}

export interface Arrival {
  grpcPort: number;
  httpPort: number;
  tls: boolean;
  loopbackOnly: boolean;
  keysRequired: boolean;
  connections: number;
  acceptedSpans: number;
  storedSpans: number;
  traces: readonly ArrivedTrace[];
  misdated: readonly Misdated[];
  refusals: readonly Refusal[];
  demo: { available: boolean; running: boolean; endsInSeconds: number | null };
}

export function fromArrival(answer: Wire["ArrivalAnswer"]): Arrival {
  const { endpoints, demo } = answer;
  return {
    grpcPort: endpoints.grpcPort,
    httpPort: endpoints.httpPort,
    tls: endpoints.tls,
    loopbackOnly: endpoints.loopbackOnly,
    keysRequired: answer.keysRequired,
    connections: answer.connections,
    acceptedSpans: answer.acceptedSpans,
    storedSpans: answer.storedSpans,
    traces: answer.traces.map((trace) => ({
      traceId: trace.traceId,
      service: trace.serviceName,
      name: trace.name,
      spanCount: trace.spanCount,
      source: trace.source,
    })),
    misdated: answer.misdated.map((one) => ({
      service: one.serviceName,
      spans: one.spans,
      firstNs: BigInt(one.firstStartTimeUnixNano),
      lastNs: BigInt(one.lastStartTimeUnixNano),
    })),
    refusals: answer.refusals.map((one) => ({
      reason: one.reason,
      sentence: one.sentence,
      address: one.address,
      userAgent: one.userAgent,
      keyPrefix: one.keyPrefix,
      count: one.count,
      lastNs: BigInt(one.last),
    })),
    demo: {
      available: demo.available,
      running: demo.running,
      endsInSeconds: demo.endsInSeconds,
    },
  };
}
