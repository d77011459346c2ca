/** Which moment the list is of: while it is live it stays, and what is new waits to be asked for. */

import { useState } from "react";
import type { TraceRow } from "../../../api/convert-search";
import { useSearchOnce } from "../../../api/queries-explorer";
import { useBounds, useRefresh, useTimeRange } from "../../../route/time";
import type { Bounds } from "../../../route/time-text";

interface Held {
  identity: string;
  bounds: Bounds;
  tick: number;
}

/** The range of the list, and how to go on to now. `of`: all else that the list depends on. */
export function useHeldBounds(of: string): [Bounds, () => void] {
  const [range] = useTimeRange();
  const rangeText = range.kind === "last" ? range.text : `${range.startNs}-${range.endNs}`;
  const identity = `${rangeText} ${of}`;
  const now = useBounds();
  const { live, tick } = useRefresh();
  const [held, setHeld] = useState<Held>({ identity, bounds: now, tick });
  let current = held;
  if (held.identity !== identity || (held.tick !== tick && !live)) {
    current = { identity, bounds: now, tick };
  } else if (held.tick !== tick) {
    current = { ...held, tick };
  }
  if (current !== held) setHeld(current);
  return [current.bounds, () => setHeld({ identity, bounds: now, tick })];
}

const MOST = 100;
// What started before the list's moment may have come after it.
const LATE_NS = 30_000_000_000n;

/** How many traces have come since; null: none or not live. The last of the list: `oldest`. */
export function useNewer(
  query: string,
  held: Bounds,
  loaded: readonly TraceRow[],
  isWhole: boolean,
): { count: number; more: boolean } | null {
  const now = useBounds();
  const { live, tick } = useRefresh();
  const oldest = loaded.at(-1)?.startNs ?? 0n;
  const reaches = isWhole || oldest < held.endNs - LATE_NS;
  const startNs = reaches ? held.endNs - LATE_NS : held.endNs;
  const enabled = live && now.endNs > held.endNs;
  const { data } = useSearchOnce(
    { query, bounds: { startNs, endNs: now.endNs }, limit: MOST, spans: 0 },
    tick,
    enabled,
  );
  if (!enabled || data === undefined) return null;
  const known = new Set(loaded.map(({ traceId }) => traceId));
  const count = data.traces.filter(({ traceId }) => !known.has(traceId)).length;
  return count === 0 ? null : { count, more: data.nextCursor !== null };
}
