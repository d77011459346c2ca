// Where one came from by following links: kept in the history's state, so that each step back, by
// the browser or by the page, has the rest of the way.

export interface Crumb {
  traceId: string;
  /** The address's search there. */
  search: string;
  title: string;
}

/** A way is shown as far as one remembers it. */
const LONGEST = 20;

/** The way here; a state that somebody else wrote is none. */
export function crumbsOf(state: unknown): Crumb[] {
  if (typeof state !== "object" || state === null || !("from" in state)) return [];
  const { from } = state;
  return Array.isArray(from) && from.every(isCrumb) ? from : [];
}

function isCrumb(crumb: unknown): crumb is Crumb {
  if (typeof crumb !== "object" || crumb === null) return false;
  const { traceId, search, title } = crumb as Partial<Record<keyof Crumb, unknown>>;
  return typeof traceId === "string" && typeof search === "string" && typeof title === "string";
}

/** The state of the page that a link leads to. */
export function following(way: readonly Crumb[], here: Crumb): { from: Crumb[] } {
  return { from: [...way, here].slice(-LONGEST) };
}
