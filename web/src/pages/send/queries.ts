import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, unwrap } from "../../api/client";
import { ARRIVAL } from "../../api/queries-arrival";

/** Sends a test trace; its id, and when it was acknowledged. */
export function useTestTrace(key: string | null) {
  return useMutation({
    mutationFn: async () => {
      const asked = api.POST("/api/v1/arrival/test-trace", { body: key === null ? {} : { key } });
      return { traceId: (await unwrap(asked)).traceId, sentAt: performance.now() };
    },
  });
}

export function useDemoSwitch(key: string | null) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (action: "start" | "stop") =>
      unwrap(api.POST("/api/v1/demo", { body: { action, ...(key === null ? {} : { key }) } })),
    onSettled: () => queries.invalidateQueries({ queryKey: ARRIVAL }),
  });
}

/** Makes a key for sending; its text is in this answer only. */
export function useNewKey() {
  return useMutation({
    mutationFn: async (name: string) =>
      (await unwrap(api.POST("/api/v1/keys", { body: { name, scopes: ["ingest"] } }))).key,
  });
}
