// "Why can't I see trace X?", and the search in a trace by the server.

import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import type { Client } from "openapi-fetch";
import { api, unwrap } from "./client";
import { convertWhy, type Why, type WhyAnswer } from "./convert-why";

/** Not in the document yet; it goes when it is. */
interface LaterPaths {
  "/api/v1/why/{trace}": {
    get: {
      parameters: { path: { trace: string } };
      responses: { 200: { content: { "application/json": WhyAnswer } } };
    };
  };
  "/api/v1/traces/{trace_id}/find": {
    get: {
      parameters: { path: { trace_id: string }; query: { text: string } };
      responses: { 200: { content: { "application/json": FindAnswer } } };
    };
  };
}

const later = api as unknown as Client<LaterPaths>;

export interface FindAnswer {
  /** Places in the skeleton's order. */
  places: number[];
  complete: boolean;
}

/** Spans that have the text anywhere: in attributes, events, scope or resource as well. */
export function useFind(traceId: string, text: string): UseQueryResult<FindAnswer> {
  return useQuery({
    queryKey: ["trace", traceId, "find", text],
    enabled: text !== "",
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: ({ signal }) => {
      const params = { path: { trace_id: traceId }, query: { text } };
      return unwrap(later.GET("/api/v1/traces/{trace_id}/find", { params, signal }));
    },
  });
}

/** What became of a trace; asked again while it may still come. */
export function useWhy(id: string): UseQueryResult<Why> {
  return useQuery<Why>({
    queryKey: ["why", id],
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data?.verdict === "waiting" ? 2000 : false),
    queryFn: async ({ signal }) => {
      const params = { path: { trace: id } };
      return convertWhy(await unwrap(later.GET("/api/v1/why/{trace}", { params, signal })));
    },
  });
}
