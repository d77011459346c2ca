/** What the explorer asks the API. */

import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { api, unwrap } from "../../api/client";
import { fromSearch, type SearchPage } from "../../api/convert-search";
import { type Bounds, boundsParams } from "../../route/time-text";

const PAGE = 50;
const SPANS_PER_SET = 20;

/** Pages of traces, newest first; columns of attributes are selected by the query itself. */
export function useSearch(query: string, bounds: Bounds, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: ["search", query, String(bounds.startNs), String(bounds.endNs)],
    enabled,
    initialPageParam: null as string | null,
    queryFn: async ({ pageParam, signal }): Promise<SearchPage> => {
      const range = pageParam === null ? boundsParams(bounds) : {};
      const cursor = pageParam === null ? {} : { cursor: pageParam };
      const params = { q: query, limit: PAGE, spansPerSet: SPANS_PER_SET, ...range, ...cursor };
      const asked = api.GET("/api/v1/search", { params: { query: params }, signal });
      return fromSearch(await unwrap(asked));
    },
    getNextPageParam: (last) => last.nextCursor,
  });
}

/** How many traces are newer than those shown; polled in live mode. */
export function useNewTraces(query: string, sinceNs: bigint, nowNs: bigint, enabled: boolean) {
  return useQuery({
    queryKey: ["search-new", query, String(sinceNs), String(nowNs)],
    enabled: enabled && nowNs > sinceNs,
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const range = boundsParams({ startNs: sinceNs + 1n, endNs: nowNs });
      const params = { q: query, limit: 100, spansPerSet: 0, ...range };
      const answer = await unwrap(api.GET("/api/v1/search", { params: { query: params }, signal }));
      return { count: answer.traces.length, more: answer.nextCursor !== null };
    },
  });
}

/** Whether Clew has any span, and of which days of receipt; for pages that found nothing. */
export function useStored(enabled: boolean) {
  return useQuery({
    queryKey: ["stored"],
    enabled,
    queryFn: async ({ signal }) => {
      const answer = await unwrap(api.GET("/api/v1/status", { signal }));
      return { spanCount: answer.store.spanCount, newestDay: answer.store.newestDay ?? null };
    },
  });
}

/** The newest trace of all time, for "go there". */
export function useNewest(enabled: boolean) {
  return useQuery({
    queryKey: ["newest"],
    enabled,
    queryFn: async ({ signal }) => {
      const range = boundsParams({ startNs: 0n, endNs: BigInt(Date.now()) * 1_000_000n });
      const params = { q: "", limit: 1, spansPerSet: 0, ...range };
      const asked = api.GET("/api/v1/search", { params: { query: params }, signal });
      return fromSearch(await unwrap(asked)).traces[0] ?? null;
    },
  });
}
