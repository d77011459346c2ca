/** The query that is asked: what was written, the region of the heatmap, and the columns. */

import { withCondition } from "./query/conditions";
import type { Region } from "./region";

/** Conditions that the spans of a region meet; its times are those of the range. */
export function regionConditions({ minNs, maxNs, status }: Region): string[] {
  return [
    ...(minNs === undefined || minNs <= 0 ? [] : [`duration >= ${Math.round(minNs)}ns`]),
    ...(maxNs === undefined ? [] : [`duration < ${Math.round(maxNs)}ns`]),
    ...(status === undefined ? [] : [`status = ${status}`]),
  ];
}

export function withRegion(query: string, region: Region | null): string {
  return region === null ? query : regionConditions(region).reduce(withCondition, query);
}

/** With the values of these fields in the answer; a query that selects by itself stays as it is. */
export function withColumns(query: string, columns: readonly string[]): string {
  if (columns.length === 0 || /\|\s*select\s*\(/.test(query)) return query;
  return `${query.trim() === "" ? "{ }" : query} | select(${columns.join(", ")})`;
}
