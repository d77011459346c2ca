// `/api/v1/why/{trace id or traceparent}` → what its page shows.

import type { components } from "./types.gen";

export type WhyAnswer = components["schemas"]["WhyAnswer"];

export interface WhyFact {
  kind: string;
  sentence: string;
  count: number | null;
  firstNs: bigint | null;
  lastNs: bigint | null;
}

export interface Why {
  traceId: string;
  verdict: WhyAnswer["verdict"];
  /** What the flags of a traceparent say; null where none was given. */
  sampled: boolean | null;
  sentence: string;
  hint: string | null;
  facts: WhyFact[];
  /** Spans of the trace that are stored. */
  spans: number;
}

export function convertWhy(answer: WhyAnswer): Why {
  return {
    traceId: answer.traceId,
    verdict: answer.verdict,
    sampled: answer.sampled,
    sentence: answer.sentence,
    hint: answer.hint || null,
    facts: answer.facts.map(({ kind, sentence, count, first, last }) => ({
      kind,
      sentence,
      count,
      firstNs: first === null ? null : BigInt(first),
      lastNs: last === null ? null : BigInt(last),
    })),
    spans: answer.spanCount,
  };
}
