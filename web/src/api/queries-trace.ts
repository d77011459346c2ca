// What the trace page asks. A trace seldom changes: nothing is asked again unless somebody wants it.

import {
  type QueryClient,
  type UseQueryResult,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import type { SpanDetail } from "../pages/trace/span";
import { api, unwrap } from "./client";
import { convertSpans } from "./convert-span";

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
    staleTime: Number.POSITIVE_INFINITY,
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
