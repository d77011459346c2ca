/** The time range that all pages share, and the moment to which "the last hour" refers. */

import { useQueryClient } from "@tanstack/react-query";
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
} from "react";
import { type Bounds, bounds, parseRange, type TimeRange, writeRange } from "./time-text";
import { type SetUrl, type UrlCodec, useUrlState } from "./url";

const LIVE_EVERY_MS = 5000;

const rangeCodec: UrlCodec<TimeRange> = { parse: parseRange, write: writeRange };

export function useTimeRange(): [TimeRange, SetUrl<TimeRange>] {
  return useUrlState(rangeCodec);
}

export interface Refresh {
  /** Ask again every few seconds. */
  live: boolean;
  setLive(live: boolean): void;
  /** Rises with each refresh; part of query keys. */
  tick: number;
  /** The moment of the last refresh. */
  nowNs: bigint;
  refreshNow(): void;
  /** "The last hour" ends now from here on; nothing is asked again that has the same range. */
  touch(): void;
}

const RefreshContext = createContext<Refresh | null>(null);

function now(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

export function RefreshProvider({ children }: { children: ReactNode }): ReactNode {
  const queries = useQueryClient();
  const [moment, setMoment] = useState(() => ({ tick: 0, nowNs: now() }));
  const [live, setLive] = useState(false);
  const [range] = useTimeRange();
  // What lies in the past does not move, however it was chosen.
  if (live && range.kind === "between") setLive(false);
  const touch = useCallback(() => setMoment(({ tick }) => ({ tick: tick + 1, nowNs: now() })), []);
  const refreshNow = useCallback(() => {
    touch();
    void queries.invalidateQueries();
  }, [queries, touch]);
  useEffect(() => {
    if (!live) return;
    const timer = setInterval(() => {
      // What nobody looks at costs the store nothing.
      if (document.visibilityState === "visible") touch();
    }, LIVE_EVERY_MS);
    return () => clearInterval(timer);
  }, [live, touch]);
  const value = useMemo(
    () => ({ ...moment, live, setLive, refreshNow, touch }),
    [moment, live, refreshNow, touch],
  );
  return <RefreshContext.Provider value={value}>{children}</RefreshContext.Provider>;
}

export function useRefresh(): Refresh {
  const refresh = useContext(RefreshContext);
  if (refresh === null) throw new Error("useRefresh is outside of RefreshProvider");
  return refresh;
}

/** The range as two moments, the same for everything on the page until the next refresh. */
export function useBounds(): Bounds {
  const [range] = useTimeRange();
  const { nowNs } = useRefresh();
  return useMemo(() => bounds(range, nowNs), [range, nowNs]);
}
