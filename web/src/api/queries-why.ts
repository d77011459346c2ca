// "Why can't I see trace X?", and the search in a trace by the server.

import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import { convertWhy, type Why } from "./convert-why";
import type { components } from "./types.gen";

export type FindAnswer = components["schemas"]["FoundAnswer"];

/**
 * Spans that have the text anywhere: in attributes, events, scope or resource as well. `count`: the
 * spans of the skeleton; with more of them a place is another span.
 */
export function useFind(traceId: string, text: string, count: number): UseQueryResult<FindAnswer> {
  return useQuery({
    queryKey: ["trace", traceId, "find", text, count],
    enabled: text !== "",
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: ({ signal }) => {
      const params = { path: { trace_id: traceId }, query: { text } };
      return unwrap(api.GET("/api/v1/traces/{trace_id}/find", { params, signal }));
    },
  });
}

/** What became of a trace that came about `time`; asked again while it may still come. */
export function useWhy(id: string, time: string | null): UseQueryResult<Why> {
  return useQuery<Why>({
    queryKey: ["why", id, time],
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data?.verdict === "waiting" ? 2000 : false),
    queryFn: async ({ signal }) => {
      const params = { path: { trace: id }, query: time === null ? {} : { time } };
      return convertWhy(await unwrap(api.GET("/api/v1/why/{trace}", { params, signal })));
    },
  });
}
