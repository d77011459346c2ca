import { type ReactNode, type RefObject, useCallback, useMemo } from "react";
import { useNavigate } from "react-router";
import { sendPath } from "../../../route/paths";
import { useRefresh, useTimeRange } from "../../../route/time";
import type { Bounds } from "../../../route/time-text";
import { formatExact, formatTime } from "../../../shared/format";
import { useZone } from "../../../shared/settings";
import { Button } from "../../../shared/ui/button";
import { Segments } from "../../../shared/ui/segments";
import { Empty, ErrorNote, Loading, Spinner } from "../../../shared/ui/states";
import page from "../explorer-page.module.css";
import type { ExplorerState } from "../explorer-url";
import { useFrozenBounds } from "../frozen";
import { useNewest, useNewTraces, useSearch, useStored } from "../queries";
import { ColumnsMenu } from "./columns-menu";
import styles from "./results.module.css";
import { ResultsTable, type Rows } from "./results-table";
import { sorted, spansOf, tracesOf } from "./rows";

interface ResultsProps {
  /** What is asked, the region and the columns included. */
  query: string;
  /** Whether the query as it stands can be asked at all. */
  state: ExplorerState;
  onChange: (change: Partial<ExplorerState>, how: "push" | "replace") => void;
  bounds: Bounds;
  scroller: RefObject<HTMLElement | null>;
  chips: ReactNode;
  before: ReactNode;
}

const VIEWS = [
  ["traces", "Traces"],
  ["spans", "Spans"],
] as const;

/** The traces or spans of the query, page after page. */
export function Results(props: ResultsProps): ReactNode {
  const { query, state, onChange, bounds, scroller, chips, before } = props;
  const [zone] = useZone();
  const { live, nowNs } = useRefresh();
  const [range] = useTimeRange();
  const key = `${query} ${JSON.stringify(range, (_, value) => (typeof value === "bigint" ? String(value) : value))}`;
  const [listed, thaw] = useFrozenBounds(bounds, key);
  const search = useSearch(query, listed, true);
  const fresh = useNewTraces(query, listed.endNs, nowNs, live);
  const traces = useMemo(() => tracesOf(search.data?.pages ?? []), [search.data]);
  const shown = useMemo<Rows>(
    () =>
      state.view === "traces"
        ? { view: "traces", rows: sorted(traces, state.sort) }
        : { view: "spans", rows: sorted(spansOf(traces), state.sort) },
    [traces, state.view, state.sort],
  );
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = search;
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const last = search.data?.pages.at(-1);
  const newCount = live ? (fresh.data?.count ?? 0) : 0;
  return (
    <section aria-label="Results" aria-busy={search.isFetching}>
      <div className={page.tools}>
        {before}
        <Segments
          label="Rows"
          value={state.view}
          onChange={(view) => onChange({ view, sort: "newest" }, "replace")}
          choices={VIEWS}
        />
        <span className={page.count} role="status">
          {search.data ? counted(shown, hasNextPage, traces.length) : ""}
          {state.sort === "newest" || !hasNextPage ? "" : ", sorted among those loaded"}
        </span>
        {newCount > 0 ? (
          <Button
            small
            look="primary"
            onClick={() => {
              thaw();
              scroller.current?.scrollTo({ top: 0 });
            }}
          >
            {formatExact(newCount)}
            {fresh.data?.more ? "+" : ""} new
          </Button>
        ) : null}
        {chips}
        <span className={page.spring} />
        {search.isFetching && search.data ? <Spinner /> : null}
        {state.view === "spans" ? (
          <ColumnsMenu
            columns={state.columns}
            bounds={listed}
            onChange={(columns) => onChange({ columns }, "replace")}
          />
        ) : null}
      </div>
      {search.error ? (
        <div className={page.note}>
          <ErrorNote error={search.error} onRetry={() => void search.refetch()} />
        </div>
      ) : null}
      {search.isPending ? <Loading>Looking</Loading> : null}
      {search.data && shown.rows.length === 0 && !search.isFetchingNextPage ? (
        <Nothing query={state.query} limitedBy={last?.limitedBy ?? null} goOn={onEnd} />
      ) : null}
      {shown.rows.length > 0 ? (
        <ResultsTable
          shown={shown}
          columns={state.columns}
          sort={state.sort}
          onSort={(sort) => onChange({ sort }, "replace")}
          zone={zone}
          scroller={scroller}
          onEnd={onEnd}
        />
      ) : null}
      {shown.rows.length > 0 && last ? (
        <p className={styles.foot}>
          {isFetchingNextPage ? (
            <>
              <Spinner /> Looking further back
            </>
          ) : hasNextPage ? (
            <>
              {limitSentence(last.limitedBy)} Looked back to{" "}
              {formatTime(last.coveredFromNs, zone, "second")}
              <Button small onClick={onEnd}>
                Go on
              </Button>
            </>
          ) : (
            "That is all in this range."
          )}
        </p>
      ) : null}
    </section>
  );
}

function counted(shown: Rows, more: boolean, traces: number): string {
  const count = `${formatExact(shown.rows.length)}${more ? "+" : ""}`;
  if (shown.view === "traces") return `${count} ${shown.rows.length === 1 ? "trace" : "traces"}`;
  return `${count} ${shown.rows.length === 1 ? "span" : "spans"} of ${formatExact(traces)} traces`;
}

function limitSentence(limitedBy: "limit" | "time" | "memory" | null): string {
  if (limitedBy === "time") return "The time for one search was over.";
  if (limitedBy === "memory") return "The memory for one search was used up.";
  return "";
}

interface NothingProps {
  query: string;
  limitedBy: "limit" | "time" | "memory" | null;
  goOn: () => void;
}

/** Why there is nothing, and where there is something. */
function Nothing({ query, limitedBy, goOn }: NothingProps): ReactNode {
  const [zone] = useZone();
  const [, setRange] = useTimeRange();
  const navigate = useNavigate();
  const stored = useStored(true);
  const newest = useNewest(stored.data !== undefined && stored.data.spanCount > 0);
  if (limitedBy === "time" || limitedBy === "memory") {
    return (
      <Empty title="Nothing yet">
        <p>{limitSentence(limitedBy)} Not the whole range was looked at.</p>
        <Button onClick={goOn}>Go on looking</Button>
      </Empty>
    );
  }
  if (stored.data?.spanCount === 0) {
    return (
      <Empty title="Clew has no spans yet">
        <p>As soon as something is sent, it is found here.</p>
        <Button look="primary" onClick={() => navigate(sendPath())}>
          Send data
        </Button>
      </Empty>
    );
  }
  const { data: last } = newest;
  return (
    <Empty title={query === "" ? "No traces in this range" : "No trace matches in this range"}>
      {last ? (
        <>
          <p>The newest trace started {formatTime(last.startNs, zone, "second")}.</p>
          <Button
            onClick={() => {
              const half = 1_800_000_000_000n;
              const between = { startNs: last.startNs - half, endNs: last.startNs + half };
              setRange({ kind: "between", ...between }, "push");
            }}
          >
            Go there
          </Button>
        </>
      ) : null}
    </Empty>
  );
}
