import { useState } from "react";
import { useRefresh } from "../../../route/time";
import type { Bounds } from "../../../route/time-text";

/** The bounds, but while the page is live those of when `key` was new: a list that is read stays. */
export function useHeldBounds(bounds: Bounds, key: string): Bounds {
  const { live } = useRefresh();
  const [held, setHeld] = useState({ bounds, key });
  const follows = !live || held.key !== key;
  if (follows && (held.bounds !== bounds || held.key !== key)) setHeld({ bounds, key });
  return follows ? bounds : held.bounds;
}
