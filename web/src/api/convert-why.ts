// `/api/v1/why/{trace id or traceparent}` → what its page shows.

export interface WhyAnswer {
  traceId: string;
  verdict: string;
  sampled: boolean | null;
  sentence: string;
  hint?: string | null;
  facts: {
    kind: string;
    sentence: string;
    count?: number | null;
    first?: string | null;
    last?: string | null;
  }[];
  spanCount?: number | null;
}

export interface WhyFact {
  kind: string;
  sentence: string;
  count: number | null;
  firstNs: bigint | null;
  lastNs: bigint | null;
}

export interface Why {
  traceId: string;
  verdict: string;
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
      count: count ?? null,
      firstNs: nanos(first),
      lastNs: nanos(last),
    })),
    spans: answer.spanCount ?? 0,
  };
}

/** Times come as nanoseconds or as RFC 3339. */
function nanos(text: string | null | undefined): bigint | null {
  if (text == null) return null;
  if (/^\d{1,20}$/.test(text)) return BigInt(text);
  const match = /^(.+?:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  const seconds = match ? Date.parse(`${match[1]}${match[3]}`) : Number.NaN;
  if (Number.isNaN(seconds)) return null;
  return BigInt(seconds) * 1_000_000n + BigInt((match?.[2] ?? "").padEnd(9, "0"));
}
