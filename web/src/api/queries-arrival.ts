import { useQuery } from "@tanstack/react-query";
import { api, asksForKey, unwrap } from "./client";
import { fromArrival } from "./convert-arrival";

const WAITING_MS = 1000;
/** Once somebody's own traces are there, nobody watches for the first. */
const ARRIVED_MS = 5000;
export const ARRIVAL = ["arrival"];

/** How far the first data has come; asked every second while somebody waits for it. */
export function useArrival() {
  return useQuery({
    queryKey: ARRIVAL,
    queryFn: async ({ signal }) =>
      fromArrival(await unwrap(api.GET("/api/v1/arrival", { signal }))),
    refetchInterval: ({ state }) =>
      // Without a key there is nothing to wait for; with one, everything is asked anew.
      asksForKey(state.error)
        ? false
        : state.data?.traces.some(({ source }) => source === "own")
          ? ARRIVED_MS
          : WAITING_MS,
    staleTime: 0,
  });
}
