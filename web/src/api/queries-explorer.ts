/** What the Trace Explorer asks. */

import {
  keepPreviousData,
  type UseInfiniteQueryResult,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { type Bounds, boundsParams } from "../route/time-text";
import { ApiError, api, unwrap } from "./client";
import {
  type AttributeKeys,
  type AttributeScope,
  type AttributeValues,
  fromKeys,
  fromValues,
} from "./convert-attributes";
import { fromSearch, type SearchPage } from "./convert-search";

export interface SearchAsked {
  query: string;
  bounds: Bounds;
  /** Traces of a page. */
  limit: number;
  /** Matched spans of each trace and set. */
  spans: number;
}

function rangeKey({ startNs, endNs }: Bounds): string {
  return `${startNs}-${endNs}`;
}

export async function fetchSearch(
  { query, bounds, limit, spans }: SearchAsked,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<SearchPage> {
  // A cursor brings its range along.
  const where = cursor === null ? boundsParams(bounds) : { cursor };
  const params = { query: { q: query, limit, spansPerSet: spans, ...where } };
  return fromSearch(await unwrap(api.GET("/api/v1/search", { params, ...(signal && { signal }) })));
}

export type Search = UseInfiniteQueryResult<{ pages: SearchPage[] }>;

/** Traces of the query, page by page; what was shown stays until the answer is here. */
export function useSearch(asked: SearchAsked): Search {
  const { query, bounds, limit, spans } = asked;
  return useInfiniteQuery({
    queryKey: ["search", query, rangeKey(bounds), limit, spans],
    queryFn: ({ pageParam, signal }) => fetchSearch(asked, pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
    structuralSharing: false,
  });
}

/** One page that is asked anew with each `tick`. */
export function useSearchOnce(
  asked: SearchAsked,
  tick: number,
  enabled: boolean,
): UseQueryResult<SearchPage> {
  return useQuery({
    queryKey: ["search-once", asked.query, rangeKey(asked.bounds), asked.limit, asked.spans, tick],
    queryFn: ({ signal }) => fetchSearch(asked, null, signal),
    enabled,
    // Of another query it would pass for what is new of this one.
    placeholderData: (before, old) => (old?.queryKey[1] === asked.query ? before : undefined),
    structuralSharing: false,
  });
}

export interface ValuesAsked {
  /** null: of any. */
  scope: AttributeScope | null;
  key: string;
  query: string;
  prefix: string;
  bounds: Bounds;
  limit: number;
}

export async function fetchValues(
  { scope, key, query, prefix, bounds, limit }: ValuesAsked,
  signal?: AbortSignal,
): Promise<AttributeValues> {
  const q = query.trim();
  const params = {
    path: { key },
    query: {
      limit,
      ...boundsParams(bounds),
      ...(scope !== null && { scope }),
      ...(q !== "" && { q }),
      ...(prefix !== "" && { prefix }),
    },
  };
  const asked = api.GET("/api/v1/attributes/{key}/values", { params, ...(signal && { signal }) });
  return fromValues(await unwrap(asked));
}

/** The same; of all spans of the range where the query is one that lists do not take. */
async function fetchValuesAnyhow(asked: ValuesAsked, signal: AbortSignal): Promise<FacetValues> {
  try {
    return { ...(await fetchValues(asked, signal)), ofAll: asked.query.trim() === "" };
  } catch (error) {
    const cannot = error instanceof ApiError && error.status === 400;
    if (!cannot || asked.query.trim() === "") throw error;
    return { ...(await fetchValues({ ...asked, query: "" }, signal)), ofAll: true };
  }
}

export type FacetValues = AttributeValues & {
  /** Of all spans of the range, whatever the query. */
  ofAll: boolean;
};

/** Values of a key among the spans of the query, the most frequent first. */
export function useValues(asked: ValuesAsked, enabled: boolean): UseQueryResult<FacetValues> {
  const { scope, key, query, prefix, bounds, limit } = asked;
  return useQuery({
    queryKey: ["values", scope, key, query, prefix, rangeKey(bounds), limit],
    queryFn: ({ signal }) => fetchValuesAnyhow(asked, signal),
    enabled,
    placeholderData: keepPreviousData,
  });
}

export async function fetchKeys(
  bounds: Bounds,
  prefix: string,
  limit: number,
  signal?: AbortSignal,
): Promise<AttributeKeys> {
  const params = {
    query: { limit, ...boundsParams(bounds), ...(prefix !== "" && { prefix }) },
  };
  return fromKeys(
    await unwrap(api.GET("/api/v1/attributes", { params, ...(signal && { signal }) })),
  );
}

/** Attribute keys of the range. */
export function useKeys(bounds: Bounds, enabled = true): UseQueryResult<AttributeKeys> {
  return useQuery({
    queryKey: ["keys", rangeKey(bounds)],
    queryFn: ({ signal }) => fetchKeys(bounds, "", 2000, signal),
    enabled,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
}

/** Spans that the store has, of any time. */
export function useStoredSpans(enabled: boolean): UseQueryResult<number> {
  return useQuery({
    queryKey: ["stored-spans"],
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET("/api/v1/status", { signal }))).store.spanCount,
    enabled,
    staleTime: 0,
  });
}
