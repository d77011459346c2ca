/** What the charts and "What differs" ask the API. */

import { keepPreviousData, type UseQueryResult, useQuery } from "@tanstack/react-query";
import { api, unwrap } from "../../../api/client";
import {
  type Comparison,
  fromCompare,
  fromHistogram,
  type Histogram,
} from "../../../api/convert-explore";
import { type Bounds, boundsParams } from "../../../route/time-text";
import { regionConditions } from "../asked";
import { parseQuery } from "../query/parse";
import type { Region } from "../region";

/** An answer, and the range it is of: while the next one is on its way, the last one is drawn. */
export interface Drawn {
  histogram: Histogram;
  range: Bounds;
  query: string;
}

export function useHistogram(query: string, range: Bounds, buckets: number): UseQueryResult<Drawn> {
  return useQuery({
    queryKey: ["histogram", query, String(range.startNs), String(range.endNs), buckets],
    enabled: buckets > 0,
    placeholderData: keepPreviousData,
    structuralSharing: false,
    queryFn: async ({ signal }) => {
      const params = { query: { q: query, buckets, ...boundsParams(range) } };
      const answer = await unwrap(api.GET("/api/v1/histogram", { params, signal }));
      const histogram = fromHistogram(answer);
      // A trace is found whenever it was.
      const itsOwn = { startNs: histogram.coveredFromNs, endNs: histogram.coveredToNs };
      return { histogram, range: parseQuery(query).form === "traceId" ? itsOwn : range, query };
    },
  });
}

const DIFFERENCES = 30;

/** The spans of a region against the others that the query matches in the range. */
export function useComparison(
  query: string,
  range: Bounds,
  region: Region,
): UseQueryResult<Comparison> {
  const asked = compareParams(query, range, region);
  return useQuery({
    queryKey: ["compare", asked],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const params = { query: { ...asked, limit: DIFFERENCES } };
      return fromCompare(await unwrap(api.GET("/api/v1/compare", { params, signal })));
    },
  });
}

/** A region's end is the first moment after it, the server's the last within. */
export function compareParams(query: string, range: Bounds, region: Region) {
  const conditions = regionConditions(region);
  const { start, end } = boundsParams(range);
  const window = boundsParams({ startNs: region.startNs, endNs: region.endNs - 1n });
  return {
    q: query,
    start,
    end,
    ...(conditions.length > 0 && { select: `{ ${conditions.join(" && ")} }` }),
    ...(region.startNs > range.startNs && { selectStart: window.start }),
    ...(region.endNs < range.endNs && { selectEnd: window.end }),
  };
}
