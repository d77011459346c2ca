import type { ReactNode } from "react";
import { Navigate } from "react-router";
import { useStoredSpans } from "../../../api/queries-explorer";
import { sendPath } from "../../../route/paths";
import { useRefresh, useTimeRange } from "../../../route/time";
import type { Bounds } from "../../../route/time-text";
import { formatAgo, formatTime } from "../../../shared/format";
import { useZone } from "../../../shared/settings";
import { Button } from "../../../shared/ui/button";
import { Empty, ErrorNote, Loading } from "../../../shared/ui/states";
import { parseQuery } from "../query/parse";
import type { Region } from "../region";
import { UNKNOWN, useCulprits, useNewest } from "./causes";
import styles from "./nothing.module.css";

interface NothingProps {
  query: string;
  bounds: Bounds;
  region: Region | null;
  onRegion: (region: Region | null) => void;
  onQuery: (query: string) => void;
}

const AROUND_NS = 30n * 60_000_000_000n;

/** Why there is nothing, and what to do. */
export function Nothing({ query, bounds, region, onRegion, onQuery }: NothingProps): ReactNode {
  const [zone] = useZone();
  const [, setRange] = useTimeRange();
  const { nowNs } = useRefresh();
  const inStore = useStoredSpans(true);
  const { data: stored } = inStore;
  const here = useNewest("", bounds, stored !== 0);
  const hasData = here.data !== undefined && here.data !== null;
  const everything = { startNs: 1n, endNs: nowNs };
  // Of the query where the range has data, of anything where it has none.
  const sought = hasData ? query : "";
  const newest = useNewest(sought, everything, here.data !== undefined && stored !== 0);
  const culprits = useCulprits(query, bounds, hasData && region === null);
  if (stored === 0) return <Navigate to={sendPath()} replace />;
  const failed = [inStore, here, newest].find(({ isError }) => isError);
  if (failed !== undefined)
    return <ErrorNote error={failed.error} onRetry={() => void failed.refetch()} />;
  if (stored === undefined || here.isPending || newest.isPending)
    return <Loading>Looking why</Loading>;
  const { form } = parseQuery(query);
  const goTo = (ns: bigint) => {
    onRegion(null);
    setRange({ kind: "between", startNs: ns - AROUND_NS, endNs: ns + AROUND_NS }, "push");
  };
  const forget =
    region === null ? null : (
      <Button onClick={() => onRegion(null)}>Forget the selection in the heatmap</Button>
    );
  const isUnknown = newest.data === UNKNOWN;
  const when = newest.data === UNKNOWN ? null : newest.data;
  const there =
    when === null || when === undefined ? null : (
      <>
        <p>
          {hasData ? "The newest match" : "The newest data"} is of{" "}
          {formatTime(when, zone, "second")}, {formatAgo(when, nowNs)}.
        </p>
        <Button onClick={() => goTo(when)}>Go there</Button>
      </>
    );
  if (form === "traceId") {
    return (
      <Empty title="No trace with this id is stored">
        <p>It may not have come yet, have been refused, or be older than what is kept.</p>
      </Empty>
    );
  }
  if (!hasData) {
    return (
      <Empty title={region === null ? "No spans in this range" : "No spans in the selection"}>
        {forget}
        {there ?? <p>Choose another range of time.</p>}
      </Empty>
    );
  }
  return (
    <Empty title="Nothing matches">
      {forget}
      {culprits.length === 0 ? null : (
        <ul className={styles.culprits} aria-label="Conditions that leave everything out">
          {culprits.map(({ text, without }) => (
            <li key={text}>
              <span>
                There are matches without <code>{text}</code>
              </span>
              <Button small onClick={() => onQuery(without)}>
                Drop it
              </Button>
            </li>
          ))}
        </ul>
      )}
      {there}
      {culprits.length === 0 && there === null ? (
        <p>
          {isUnknown
            ? "The search through all times stopped before it had looked at everything."
            : "No span of any time matches this query. Text has to be equal, letter by letter."}
        </p>
      ) : null}
    </Empty>
  );
}
