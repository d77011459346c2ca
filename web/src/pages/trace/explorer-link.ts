// Addresses of the explorer for a query, over a time in which the trace is.

import { tracesPath } from "../../route/paths";
import { bounds, FIRST_RANGE, type TimeRange, writeRange } from "../../route/time-text";

const AROUND_NS = 30n * 60_000_000_000n;

/** The explorer's first range if the trace is in it, else half an hour to either side. */
export function explorerHref(query: string, startNs: bigint, endNs: bigint, nowNs: bigint): string {
  const params = new URLSearchParams({ q: query });
  const first = bounds(FIRST_RANGE, nowNs);
  const within = startNs >= first.startNs && endNs <= first.endNs;
  const range: TimeRange = within
    ? FIRST_RANGE
    : { kind: "between", startNs: startNs - AROUND_NS, endNs: endNs + AROUND_NS };
  writeRange(range, params);
  return tracesPath(params.toString());
}
