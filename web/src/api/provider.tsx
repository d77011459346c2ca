/** What all pages know of asking: caching, retries, and the key that a server may want. */

import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useState, useSyncExternalStore } from "react";
import { ApiError } from "./client";

let refusal: ApiError | null = null;
const told = new Set<() => void>();

function refuse(error: ApiError | null): void {
  refusal = error;
  for (const tell of told) tell();
}

/** The refusal that a key would mend, and how to forget it. */
export function useKeyRefusal(): [ApiError | null, () => void] {
  const found = useSyncExternalStore(
    (tell) => {
      told.add(tell);
      return () => told.delete(tell);
    },
    () => refusal,
  );
  return [found, () => refuse(null)];
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
            if (error instanceof ApiError && error.asksForKey) refuse(error);
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
