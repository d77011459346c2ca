import { useState } from "react";

const ITEM = "clew.pinned";

/** Attributes that somebody wants to see always, in this browser: `scope key`. */
export function usePinned(): [readonly string[], (pinned: readonly string[]) => void] {
  const [pinned, setPinned] = useState<readonly string[]>(() => {
    try {
      const found: unknown = JSON.parse(localStorage.getItem(ITEM) ?? "[]");
      return Array.isArray(found) ? found.filter((one) => typeof one === "string") : [];
    } catch {
      return [];
    }
  });
  const keep = (next: readonly string[]) => {
    setPinned(next);
    try {
      localStorage.setItem(ITEM, JSON.stringify(next));
    } catch {
      // Without storage they hold until the page is closed.
    }
  };
  return [pinned, keep];
}
