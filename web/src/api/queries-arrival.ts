import { useQuery } from "@tanstack/react-query";
import { api, unwrap } from "./client";
import { fromArrival } from "./convert-arrival";

const EVERY_MS = 1000;
export const ARRIVAL = ["arrival"];

/** How far the first data has come; asked every second while somebody looks. */
export function useArrival() {
  return useQuery({
    queryKey: ARRIVAL,
    queryFn: async ({ signal }) =>
      fromArrival(await unwrap(api.GET("/api/v1/arrival", { signal }))),
    refetchInterval: EVERY_MS,
    staleTime: 0,
  });
}
