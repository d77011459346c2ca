import { useState } from "react";
import { useRefresh } from "../../route/time";
import type { Bounds } from "../../route/time-text";

/**
 * The bounds of what is listed. They follow the page's, but not while it is live: rows never move
 * under a reader. `thaw` lists what has come since.
 */
export function useFrozenBounds(bounds: Bounds, key: string): [Bounds, () => void] {
  const { live } = useRefresh();
  const [frozen, setFrozen] = useState({ bounds, key });
  const follows = !live || frozen.key !== key;
  if (follows && (frozen.bounds !== bounds || frozen.key !== key)) setFrozen({ bounds, key });
  return [follows ? bounds : frozen.bounds, () => setFrozen({ bounds, key })];
}
