/** `/api/v1/search` as the explorer shows it. */

import type { components } from "./types.gen";

type Wire = components["schemas"];

/** What one service has in a trace. */
export interface ServicePart {
  name: string;
  spanCount: number;
  errorCount: number;
}

export interface TraceRow {
  traceId: string;
  service: string;
  name: string;
  startNs: bigint;
  durationNs: number;
  spanCount: number;
  errorCount: number;
  orphanCount: number;
  /** Those with the most spans first. */
  services: readonly ServicePart[];
  spans: readonly SpanRow[];
  /** How many spans the query matched; more than `spans` when they are not all listed. */
  matchedCount: number;
}

export interface SpanRow {
  traceId: string;
  spanId: string;
  service: string;
  name: string;
  startNs: bigint;
  durationNs: number;
  isError: boolean;
  /** What the query selects or groups by, by the field as it writes it. */
  selected: ReadonlyMap<string, string>;
}

export interface SearchPage {
  traces: readonly TraceRow[];
  nextCursor: string | null;
  coveredFromNs: bigint;
  limitedBy: "limit" | "time" | "memory" | null;
}

export function fromSearch(answer: Wire["SearchAnswer"]): SearchPage {
  return {
    traces: answer.traces.map(traceRow),
    nextCursor: answer.nextCursor,
    coveredFromNs: BigInt(answer.covered.startTimeUnixNano),
    limitedBy: answer.covered.limitedBy,
  };
}

function traceRow(trace: Wire["TraceSummary"]): TraceRow {
  const spans = trace.spanSets.flatMap((set) =>
    set.spans.map((span) => spanRow(trace.traceId, span, set.by)),
  );
  return {
    traceId: trace.traceId,
    service: trace.rootServiceName,
    name: trace.rootName,
    startNs: BigInt(trace.startTimeUnixNano),
    durationNs: Number(trace.durationNanos),
    spanCount: trace.spanCount,
    errorCount: trace.errorCount,
    orphanCount: trace.orphanCount,
    services: [...trace.services].sort((a, b) => b.spanCount - a.spanCount),
    spans,
    matchedCount: trace.spanSets.reduce((sum, set) => sum + set.matched, 0),
  };
}

function spanRow(
  traceId: string,
  span: Wire["MatchedSpan"],
  by: readonly Wire["GroupValue"][],
): SpanRow {
  return {
    traceId,
    spanId: span.spanId,
    service: span.serviceName,
    name: span.name,
    startNs: BigInt(span.startTimeUnixNano),
    durationNs: Number(span.durationNanos),
    isError: span.statusCode === 2,
    selected: new Map([
      ...by.map(({ field, value }) => [field, value === null ? "" : anyValueText(value)] as const),
      ...span.attributes.map((one) => [one.key, anyValueText(one.value)] as const),
    ]),
  };
}

/** A value as text: strings as they are, the rest as JSON would show it. */
export function anyValueText(value: Wire["AnyValue"]): string {
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return String(value.boolValue);
  if (value.intValue !== undefined) return value.intValue;
  if (value.doubleValue !== undefined) return String(value.doubleValue);
  if (value.bytesValue !== undefined) return value.bytesValue;
  if (value.arrayValue) return `[${(value.arrayValue.values ?? []).map(nestedText).join(", ")}]`;
  if (value.kvlistValue) {
    const entries = (value.kvlistValue.values ?? []).map(
      (one) => `${JSON.stringify(one.key ?? "")}: ${one.value ? nestedText(one.value) : "null"}`,
    );
    return `{${entries.join(", ")}}`;
  }
  return "";
}

function nestedText(value: Wire["AnyValue"]): string {
  return value.stringValue === undefined ? anyValueText(value) : JSON.stringify(value.stringValue);
}
