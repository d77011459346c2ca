// Numbers of OTLP as words, and what the skeleton's flags mean.

export const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"];
export const STATUSES = ["unset", "ok", "error"];

export const STATUS_ERROR = 2;

/** Of the skeleton's `flags`. */
export const FLAG = {
  events: 1,
  links: 2,
  exception: 4,
  orphan: 8,
  circle: 16,
  sameId: 32,
} as const;

export function kindName(kind: number): string {
  return KINDS[kind] ?? `kind ${kind}`;
}

/** A name that was sent empty still needs something to click on. */
export function shownName(name: string): string {
  return name.trim() === "" ? "(no name)" : name;
}

export function shownService(name: string): string {
  return name.trim() === "" ? "(no service)" : name;
}
