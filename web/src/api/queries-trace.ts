// What the trace page asks. A trace seldom changes: nothing is asked again unless somebody wants it.

import {
  type QueryClient,
  type UseQueryResult,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import type { SpanDetail } from "../pages/trace/span";
import type { TraceModel } from "../trace/model";
import { api, unwrap } from "./client";
import { convertSkeleton } from "./convert-skeleton";
import { convertSpans } from "./convert-span";

const FOREVER = Number.POSITIVE_INFINITY;

const skeletonKey = (traceId: string) => ["trace", traceId, "skeleton"] as const;

/** All spans of a trace as columns. */
export function useSkeleton(traceId: string): UseQueryResult<TraceModel> {
  return useQuery({
    queryKey: skeletonKey(traceId),
    staleTime: FOREVER,
    // Comparing 100,000 spans with those of before costs more than drawing them.
    structuralSharing: false,
    queryFn: ({ signal }) => fetchSkeleton(traceId, signal),
  });
}

async function fetchSkeleton(traceId: string, signal: AbortSignal): Promise<TraceModel> {
  const params = { path: { trace_id: traceId } };
  return convertSkeleton(
    await unwrap(api.GET("/api/v1/traces/{trace_id}/skeleton", { params, signal })),
  );
}

/** A trace that may still grow, asked again every few seconds; and how to show what has come. */
export function useNewerSkeleton(
  model: TraceModel,
  everyMs: number,
  enabled: boolean,
): { newer: TraceModel | null; show: () => void } {
  const client = useQueryClient();
  const { traceId } = model;
  const { data } = useQuery({
    queryKey: ["trace", traceId, "newer"],
    enabled,
    refetchInterval: everyMs,
    staleTime: everyMs,
    structuralSharing: false,
    queryFn: ({ signal }) => fetchSkeleton(traceId, signal),
  });
  const newer = data !== undefined && data.count > model.count ? data : null;
  const show = () => {
    if (newer !== null) client.setQueryData(skeletonKey(traceId), newer);
  };
  return { newer, show };
}

const spanKey = (traceId: string, spanId: string) => ["trace", traceId, "span", spanId] as const;

/** As many ids as one request takes with ease; their attributes may be long. */
const AT_ONCE = 12;

/**
 * All that one span says; several when spans share the id. What is near is fetched with it, so that
 * the next row has its details already.
 */
export function useSpanDetails(
  traceId: string,
  spanId: string | null,
  near: () => string[],
): UseQueryResult<SpanDetail[]> {
  const client = useQueryClient();
  return useQuery({
    queryKey: spanKey(traceId, spanId ?? ""),
    enabled: spanId !== null,
    staleTime: FOREVER,
    structuralSharing: false,
    queryFn: ({ signal }) => fetchSpans(client, traceId, spanId ?? "", near(), signal),
  });
}

async function fetchSpans(
  client: QueryClient,
  traceId: string,
  spanId: string,
  near: readonly string[],
  signal: AbortSignal,
): Promise<SpanDetail[]> {
  const missing = near.filter((id) => client.getQueryData(spanKey(traceId, id)) === undefined);
  const ids = [...new Set([spanId, ...missing])].slice(0, AT_ONCE);
  const params = { path: { trace_id: traceId }, query: { ids: ids.join(",") } };
  const answer = await unwrap(api.GET("/api/v1/traces/{trace_id}/spans", { params, signal }));
  const found = convertSpans(answer);
  const withId = (id: string) => found.filter((span) => span.spanId === id);
  for (const id of ids) {
    if (id !== spanId) client.setQueryData(spanKey(traceId, id), withId(id));
  }
  return withId(spanId);
}

/** The whole trace in OTLP JSON. */
export async function fetchTraceJson(traceId: string): Promise<Blob> {
  const params = { path: { trace_id: traceId } };
  return unwrap(api.GET("/api/v1/traces/{trace_id}", { params, parseAs: "blob" }));
}
