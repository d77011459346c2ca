/** What the explorer keeps in this browser. */

import { useState } from "react";

function read(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

function write(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A browser without storage, or a full one, forgets it with the page.
  }
}

/** A value of localStorage; what is not of its shape counts as not there. */
export function useStored<T>(
  key: string,
  first: T,
  isOne: (value: unknown) => value is T,
): [T, (next: T) => void] {
  const [value, setValue] = useState<T>(() => {
    const stored = read(key);
    return isOne(stored) ? stored : first;
  });
  const set = (next: T) => {
    setValue(next);
    write(key, next);
  };
  return [value, set];
}

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

export function isWidths(value: unknown): value is Record<string, number> {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((one) => typeof one === "number" && Number.isFinite(one))
  );
}

export function isBoolean(value: unknown): value is boolean {
  return typeof value === "boolean";
}

const HISTORY_KEY = "clew.explorer.queries";
const HISTORY = 30;

export function recentQueries(): readonly string[] {
  const stored = read(HISTORY_KEY);
  return isTexts(stored) ? stored : [];
}

/** Remembers a query that was run, as the newest; each once. */
export function rememberQuery(query: string): void {
  const text = query.trim();
  if (text === "") return;
  const others = recentQueries().filter((one) => one !== text);
  write(HISTORY_KEY, [text, ...others].slice(0, HISTORY));
}
