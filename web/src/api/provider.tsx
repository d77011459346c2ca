/** What all pages know of asking: caching, retries, and the key that a server may want. */

import {
  MutationCache,
  QueryCache,
  QueryClient,
  QueryClientProvider,
  useQueryClient,
} from "@tanstack/react-query";
import { type ReactNode, useState, useSyncExternalStore } from "react";
import { ApiError, asksForKey, storeKey } from "./client";

let refusal: ApiError | null = null;
const told = new Set<() => void>();

function refuse(error: ApiError | null): void {
  refusal = error;
  for (const tell of told) tell();
}

/** Who has put the dialog aside is not asked again at once by what asks by itself. */
const QUIET_MS = 60_000;
let quietUntil = 0;

/** The refusal that a key would mend, and how to forget it. */
export function useKeyRefusal(): [ApiError | null, () => void] {
  const found = useSyncExternalStore(
    (tell) => {
      told.add(tell);
      return () => told.delete(tell);
    },
    () => refusal,
  );
  const forget = () => {
    quietUntil = Date.now() + QUIET_MS;
    refuse(null);
  };
  return [found, forget];
}

/** With another key everything is asked anew, and its refusal is told at once. */
export function useNewKey(): (key: string) => void {
  const queries = useQueryClient();
  return (key) => {
    storeKey(key);
    quietUntil = 0;
    refuse(null);
    void queries.resetQueries();
  };
}

const RETRIES = 2;

function worthRetrying(failures: number, error: Error): boolean {
  const passing =
    error instanceof ApiError && (error.status === 503 || error.code === "unreachable");
  return passing && failures < RETRIES;
}

export function ApiProvider({ children }: { children: ReactNode }): ReactNode {
  const [client] = useState(
    () =>
      new QueryClient({
        queryCache: new QueryCache({
          onError: (error) => {
            if (asksForKey(error) && Date.now() > quietUntil) refuse(error);
          },
        }),
        // Somebody has just clicked: they are told, whatever was put aside.
        mutationCache: new MutationCache({
          onError: (error) => {
            if (asksForKey(error)) refuse(error);
          },
        }),
        defaultOptions: {
          queries: {
            retry: worthRetrying,
            retryDelay: (failures) => 1000 * 2 ** failures,
            staleTime: 30_000,
            gcTime: 120_000,
            refetchOnWindowFocus: false,
          },
        },
      }),
  );
  return <QueryClientProvider client={client}>{children}</QueryClientProvider>;
}
