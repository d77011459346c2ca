import type { ReactNode } from "react";
import type { SearchPage } from "../../../api/convert-search";
import type { Search } from "../../../api/queries-explorer";
import type { Bounds } from "../../../route/time-text";
import { formatCount, formatDuration, formatTime, type Zone } from "../../../shared/format";
import { Button } from "../../../shared/ui/button";
import { ErrorNote, Spinner } from "../../../shared/ui/states";
import type { Sort } from "../state";
import styles from "./results.module.css";

interface FooterProps {
  search: Search;
  last: SearchPage | undefined;
  count: number;
  sort: Sort | null;
  bounds: Bounds;
  zone: Zone;
  /** Spans that matched and are not in the list. */
  unlisted: number;
}

/** What follows, what was not looked at, and how to go on. */
export function Footer(props: FooterProps): ReactNode {
  const { search, last, count, sort, bounds, zone, unlisted } = props;
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError } = search;
  const more = () => void search.fetchNextPage();
  const more_ = (
    <Button small onClick={more} disabled={isFetchingNextPage}>
      {last?.limitedBy === "limit" ? "Load more" : "Look further back"}
    </Button>
  );
  return (
    <div className={styles.footer} role="status">
      {isFetchNextPageError ? <ErrorNote error={search.error} onRetry={more} /> : null}
      {isFetchingNextPage ? (
        <span className={styles.busy}>
          <Spinner /> Looking further back
        </span>
      ) : last?.limitedBy === "time" || last?.limitedBy === "memory" ? (
        <>
          <span>{stopped(last, bounds, zone)}</span>
          {hasNextPage ? more_ : null}
        </>
      ) : hasNextPage ? (
        <>
          {sort === null ? null : <span>Sorted among the {formatCount(count)} loaded.</span>}
          {more_}
        </>
      ) : (
        <span>
          {count === 1 ? "That is the only trace" : `These are all ${formatCount(count)} traces`} of
          the range.
        </span>
      )}
      {unlisted === 0 ? null : (
        <span>
          Of each trace up to 20 spans are listed; {formatCount(unlisted)} more matched, open their
          traces to see them.
        </span>
      )}
    </div>
  );
}

function stopped(last: SearchPage, { startNs, endNs }: Bounds, zone: Zone): string {
  const looked = formatDuration(Number(endNs - last.coveredFromNs));
  const whole = formatDuration(Number(endNs - startNs));
  const why =
    last.limitedBy === "memory"
      ? "memory for one search was used up"
      : "time for one search was over";
  const since = formatTime(last.coveredFromNs, zone, "second");
  return `Looked at the last ${looked} of ${whole}, back to ${since}: the ${why}.`;
}
