// Numbers of OTLP as words.

export const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"];
export const STATUSES = ["unset", "ok", "error"];

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
