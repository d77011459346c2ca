/** Questions that find out why a search found nothing; each asks for one trace. */

import { type UseQueryResult, useQueries, useQuery } from "@tanstack/react-query";
import { fetchSearch } from "../../../api/queries-explorer";
import type { Bounds } from "../../../route/time-text";
import { removeTerms } from "../query/edit";
import { parseQuery } from "../query/parse";

const MOST_CONDITIONS = 6;
/** The search has stopped before it had looked at all. */
export const UNKNOWN = "unknown";

function asked(query: string, bounds: Bounds) {
  return {
    queryKey: ["newest", query, String(bounds.startNs), String(bounds.endNs)],
    queryFn: async ({ signal }: { signal: AbortSignal }) => {
      const page = await fetchSearch({ query, bounds, limit: 1, spans: 1 }, null, signal);
      const [trace] = page.traces;
      if (trace !== undefined) return trace.spans[0]?.startNs ?? trace.startNs;
      return page.nextCursor === null ? null : UNKNOWN;
    },
    retry: false,
  };
}

/** When the newest match was; null: there is none, as far as all was looked at. */
export function useNewest(
  query: string,
  bounds: Bounds,
  enabled: boolean,
): UseQueryResult<bigint | null | typeof UNKNOWN> {
  return useQuery({ ...asked(query, bounds), enabled });
}

export interface Culprit {
  text: string;
  without: string;
}

/** Conditions without which there are matches. */
export function useCulprits(query: string, bounds: Bounds, enabled: boolean): Culprit[] {
  const parsed = parseQuery(query);
  const worth = enabled && parsed.terms.length > 1 && parsed.terms.length <= MOST_CONDITIONS;
  const each = worth
    ? parsed.terms.map(({ at, end }, place) => ({
        text: query.slice(at, end),
        without: removeTerms(parsed, [place]),
      }))
    : [];
  const found = useQueries({ queries: each.map(({ without }) => asked(without, bounds)) });
  return each.filter((_, place) => typeof found[place]?.data === "bigint");
}
