import { useState } from "react";

/** A number that this browser remembers, such as the width of a column. */
export function useKeptNumber(key: string, first: number): [number, (value: number) => void] {
  const [value, setValue] = useState(() => read(key) ?? first);
  const keep = (next: number) => {
    setValue(next);
    try {
      localStorage.setItem(key, String(next));
    } catch {
      // A browser without storage forgets it with the page.
    }
  };
  return [value, keep];
}

function read(key: string): number | null {
  try {
    const stored = Number(localStorage.getItem(key));
    return Number.isFinite(stored) && stored > 0 ? stored : null;
  } catch {
    return null;
  }
}
