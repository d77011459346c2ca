/** Addresses of pages. Ids are checked by who reads them; here they are only made safe to write. */

export const PATHS = { traces: "/traces", trace: "/traces/:id", send: "/send" } as const;

export function tracesPath(search = ""): string {
  return withSearch(PATHS.traces, search);
}

export function tracePath(id: string, search = ""): string {
  return withSearch(`${PATHS.traces}/${encodeURIComponent(id)}`, search);
}

export function sendPath(search = ""): string {
  return withSearch(PATHS.send, search);
}

function withSearch(path: string, search: string): string {
  return search === "" ? path : `${path}?${search.replace(/^\?/, "")}`;
}
