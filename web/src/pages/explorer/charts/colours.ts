/** The tokens that the charts paint with, as they are in the theme of this moment. */

import { useSyncExternalStore } from "react";
import { resolveColours } from "../../../shared/colour";
import { onThemeChange } from "../../../shared/settings";

export interface Colours {
  spans: string;
  errors: string;
  text: string;
  strong: string;
  line: string;
  surface: string;
  region: string;
}

const TOKENS = [
  "--accent",
  "--error-fill",
  "--text-3",
  "--text",
  "--line",
  "--surface",
  "--accent-strong",
] as const;

let resolved: Colours | null = null;

function current(): Colours {
  if (resolved === null) {
    const [spans, errors, text, strong, line, surface, region] = resolveColours(
      document.documentElement,
      TOKENS,
    ) as [string, string, string, string, string, string, string];
    resolved = { spans, errors, text, strong, line, surface, region };
  }
  return resolved;
}

function subscribe(told: () => void): () => void {
  // It may have changed while nobody listened.
  resolved = null;
  return onThemeChange(() => {
    resolved = null;
    told();
  });
}

export function useColours(): Colours {
  return useSyncExternalStore(subscribe, current);
}
