/** Rows of the result table: what the pages hold, in the order that was asked for. */

import type { SearchPage, SpanRow, TraceRow } from "../../../api/convert-search";
import type { Sort } from "../explorer-url";

/** Each trace once: a trace with spans in two windows of time may be on two pages. */
export function tracesOf(pages: readonly SearchPage[]): TraceRow[] {
  const seen = new Set<string>();
  const rows: TraceRow[] = [];
  for (const page of pages) {
    for (const trace of page.traces) {
      if (seen.has(trace.traceId)) continue;
      seen.add(trace.traceId);
      rows.push(trace);
    }
  }
  return rows;
}

export function spansOf(traces: readonly TraceRow[]): SpanRow[] {
  return traces.flatMap((trace) => trace.spans);
}

type Comparable = Pick<TraceRow, "startNs" | "durationNs"> &
  Partial<Pick<TraceRow, "errorCount" | "spanCount">> &
  Partial<Pick<SpanRow, "isError">>;

/** A copy, sorted; "newest" is the server's own order. */
export function sorted<T extends Comparable>(rows: readonly T[], sort: Sort): T[] {
  const copy = [...rows];
  switch (sort) {
    case "newest":
      return copy;
    case "oldest":
      return copy.sort((a, b) => (a.startNs < b.startNs ? -1 : a.startNs > b.startNs ? 1 : 0));
    case "slowest":
      return copy.sort((a, b) => b.durationNs - a.durationNs);
    case "errors":
      return copy.sort((a, b) => errors(b) - errors(a));
    case "largest":
      return copy.sort((a, b) => (b.spanCount ?? 0) - (a.spanCount ?? 0));
  }
}

function errors(row: Comparable): number {
  return row.errorCount ?? (row.isError ? 1 : 0);
}
