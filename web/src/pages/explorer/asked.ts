/** The query that is asked: what was written, the region of the heatmap, and the columns. */

import { addComparison } from "./query/edit";
import { intrinsic, writeDuration } from "./query/fields";
import { type Comparison, parseQuery } from "./query/parse";
import type { Region } from "./region";

/** Conditions that the spans of a region meet; its times are those of the range. */
export function regionConditions(region: Region): string[] {
  return comparisons(region).map((one) => addComparison("", one).slice(2, -2));
}

function comparisons({ minNs, maxNs, status }: Region): Comparison[] {
  const found: Comparison[] = [];
  const bound = (operator: string, ns: number) => {
    const text = writeDuration(BigInt(Math.round(ns)));
    found.push({ field: intrinsic("duration"), operator, value: { type: "duration", text } });
  };
  if (minNs !== undefined && minNs > 0) bound(">=", minNs);
  if (maxNs !== undefined) bound("<", maxNs);
  if (status !== undefined) {
    const value = { type: "status", text: status } as const;
    found.push({ field: intrinsic("status"), operator: "=", value });
  }
  return found;
}

/** The query, only of the spans in a region of the heatmap; its time is asked for apart. */
export function withRegion(query: string, region: Region | null): string {
  const conditions = region === null ? [] : comparisons(region);
  const parsed = parseQuery(query);
  const cannot = parsed.form === "broken" || parsed.form === "traceId";
  if (conditions.length === 0 || cannot) return query;
  if (parsed.simple) return conditions.reduce(addComparison, query);
  // Whatever the query does, the spans that come out of it have to be these.
  return `${staged(query)} | ${conditions.reduce(addComparison, "")}`;
}

/** The query with a stage that shows these fields of each matched span. */
export function withColumns(query: string, fields: readonly string[]): string {
  const { form } = parseQuery(query);
  if (fields.length === 0 || form === "traceId" || form === "broken") return query;
  const stage = `select(${fields.join(", ")})`;
  return form === "empty" ? `{ } | ${stage}` : `${staged(query)} | ${stage}`;
}

/** The query as far as stages may follow: its hints change nothing. */
function staged(query: string): string {
  return query.replace(/\s+with\s*\([^()]*\)\s*$/, "").trimEnd();
}
