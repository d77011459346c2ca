/** What a reader chose for this browser: theme, time zone, the navigation's width. */

import { useSyncExternalStore } from "react";
import type { Zone } from "./format";

export type Theme = "system" | "light" | "dark";

interface Setting<T extends string> {
  get(): T;
  set(value: T): void;
  subscribe(told: () => void): () => void;
}

function setting<T extends string>(key: string, values: readonly T[], first: T): Setting<T> {
  const told = new Set<() => void>();
  let current = first;
  try {
    const stored = localStorage.getItem(key);
    current = values.find((value) => value === stored) ?? first;
  } catch {
    // A browser without storage keeps it for this page only.
  }
  return {
    get: () => current,
    set(value) {
      current = value;
      try {
        localStorage.setItem(key, value);
      } catch {
        // As above.
      }
      for (const tell of told) tell();
    },
    subscribe(tell) {
      told.add(tell);
      return () => told.delete(tell);
    },
  };
}

const theme = setting<Theme>("clew.theme", ["system", "light", "dark"], "system");
const zone = setting<Zone>("clew.zone", ["local", "utc"], "local");
const rail = setting("clew.rail", ["wide", "narrow"], "wide");

function useSetting<T extends string>(one: Setting<T>): [T, (value: T) => void] {
  return [useSyncExternalStore(one.subscribe, one.get), one.set];
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  return useSetting(theme);
}

/** In which zone times are shown. */
export function useZone(): [Zone, (zone: Zone) => void] {
  return useSetting(zone);
}

export function useRail(): ["wide" | "narrow", (rail: "wide" | "narrow") => void] {
  return useSetting(rail);
}

/** Keeps `data-theme` of the page as chosen; called once, before the first render. */
export function applyTheme(): void {
  const apply = () => {
    const chosen = theme.get();
    if (chosen === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
  };
  apply();
  theme.subscribe(apply);
}

/** Calls back when colours change: another theme was chosen, or the system's has changed. */
export function onThemeChange(told: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", told);
  const stop = theme.subscribe(told);
  return () => {
    system.removeEventListener("change", told);
    stop();
  };
}
