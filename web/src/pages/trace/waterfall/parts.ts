/** What a click hit within a row is told by `data-part`, to one listener for all rows. */
export const PART = { toggle: "toggle", event: "event" } as const;

export interface Hit {
  node: number;
  part: string | null;
  /** Which event, if it was one. */
  event: number | null;
}

/** The row that an event happened in; null for none. */
export function hitOf(target: EventTarget | null): Hit | null {
  if (!(target instanceof Element)) return null;
  const row = target.closest<HTMLElement>("[data-node]");
  if (row === null || target.closest("a") !== null) return null;
  const part = target.closest<HTMLElement>("[data-part]");
  const event = part?.dataset.event;
  return {
    node: Number(row.dataset.node),
    part: part?.dataset.part ?? null,
    event: event === undefined ? null : Number(event),
  };
}
