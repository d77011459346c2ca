import { type ReactNode, type RefObject, useCallback, useEffect, useMemo } from "react";
import { ApiError } from "../../../api/client";
import type { SearchPage, TraceRow } from "../../../api/convert-search";
import { useSearch } from "../../../api/queries-explorer";
import { tracePath } from "../../../route/paths";
import { useRefresh } from "../../../route/time";
import type { Bounds } from "../../../route/time-text";
import { useUrlState } from "../../../route/url";
import { useZone } from "../../../shared/settings";
import { Empty, ErrorNote, Loading } from "../../../shared/ui/states";
import { withColumns, withRegion } from "../asked";
import { Nothing } from "../empty/nothing";
import { useMedia } from "../media";
import type { Region } from "../region";
import { type Sort, sortCodec, spanColumnsCodec, traceColumnsCodec, viewCodec } from "../state";
import { isBoolean, useStored } from "../stored";
import {
  FIRST_SPAN_COLUMNS,
  FIRST_TRACE_COLUMNS,
  fieldsFound,
  NARROW_SPAN_COLUMNS,
  NARROW_TRACE_COLUMNS,
  SPAN_COLUMNS,
  type SpanOfTrace,
  spanColumns,
  traceColumns,
} from "./columns";
import { Footer } from "./footer";
import { Grid } from "./grid";
import { useHeldBounds, useNewer } from "./held";
import styles from "./results.module.css";
import { sorted } from "./sorted";
import { Toolbar } from "./toolbar";

interface ResultsProps {
  query: string;
  region: Region | null;
  onRegion: (region: Region | null) => void;
  onQuery: (query: string) => void;
  onFilterTo: (region: Region) => void;
  /** Told what is wrong with the question, and null when nothing is. */
  onTrouble: (trouble: unknown) => void;
  scroller: RefObject<HTMLElement | null>;
}

const PAGE = 100;
const SPANS_OF_TRACE = 20;

/** What the query found, as traces or as spans. */
export function Results(props: ResultsProps): ReactNode {
  const { query, region, onRegion, onQuery, onTrouble, scroller } = props;
  const [view, setView] = useUrlState(viewCodec);
  const [chosen, setSort] = useUrlState(sortCodec);
  const [traceShown, setTraceShown] = useUrlState(traceColumnsCodec);
  const [spanShown, setSpanShown] = useUrlState(spanColumnsCodec);
  const [ago, setAgo] = useStored("clew.explorer.ago", false, isBoolean);
  const [zone] = useZone();
  const { nowNs } = useRefresh();
  const isSpans = view === "spans";
  const narrow = useMedia("(max-width: 639px)");
  const shown = isSpans
    ? (spanShown ?? (narrow ? NARROW_SPAN_COLUMNS : FIRST_SPAN_COLUMNS))
    : (traceShown ?? (narrow ? NARROW_TRACE_COLUMNS : FIRST_TRACE_COLUMNS));
  // Rows cannot be in the order of a column that was taken away.
  const sort = chosen !== null && shown.includes(chosen.column) ? chosen : null;
  const fields = isSpans ? shown.filter((id) => !SPAN_COLUMNS.some(([known]) => known === id)) : [];
  const own = withRegion(query, region);
  const text = withColumns(own, fields);
  const [held, catchUp] = useHeldBounds(own);
  const bounds = within(held, region);
  const search = useSearch({
    query: text,
    bounds,
    limit: PAGE,
    spans: isSpans ? SPANS_OF_TRACE : 1,
  });
  const pages = search.data?.pages;
  const traces = useMemo(() => distinct(pages ?? []), [pages]);
  const newer = useNewer(own, held, traces, !search.hasNextPage);
  const isEmpty = search.isSuccess && !search.isPlaceholderData && traces.length === 0;
  const isNew = newer !== null && region === null;
  useEffect(() => {
    // Nobody reads an empty list.
    if (isEmpty && isNew) catchUp();
  });
  const { hasNextPage, isFetchingNextPage, fetchNextPage, isError, error } = search;
  useEffect(() => onTrouble(error), [onTrouble, error]);
  const last = pages?.at(-1);
  // Rows that come in elsewhere than at the end would move those that are read.
  const goesOn = hasNextPage && last?.limitedBy === "limit" && sort === null;
  const onEnd = useCallback(() => {
    if (goesOn && !isFetchingNextPage && !isError) void fetchNextPage();
  }, [goesOn, isFetchingNextPage, isError, fetchNextPage]);
  const time = { zone, ago, nowNs, narrow };
  const common = {
    sort,
    onSort: (next: Sort | null) => setSort(next, "replace"),
    scroller,
    onEnd,
    stale: search.isPlaceholderData,
  };
  const search_ = region === null && query.trim() === "" ? null : own;
  return (
    <section aria-label="Results">
      <Toolbar
        view={view}
        onView={(next) => {
          setView(next, "push");
          setSort(null, "replace");
        }}
        traces={traces}
        isLoading={search.isPending || (isError && traces.length === 0)}
        isWhole={!hasNextPage && last?.limitedBy === null}
        region={region}
        onRegion={onRegion}
        onFilterToRegion={() => region && props.onFilterTo(region)}
        newer={isNew && !isEmpty ? newer : null}
        onNewer={() => {
          catchUp();
          scroller.current?.scrollTo({ top: 0 });
        }}
        columns={shown}
        onColumns={(next) => (isSpans ? setSpanShown : setTraceShown)(next, "replace")}
        ago={ago}
        onAgo={setAgo}
        bounds={held}
      />
      {search.isPending ? <Loading>Looking for traces</Loading> : null}
      {isError && traces.length === 0 ? (
        <Trouble error={error} onRetry={() => void search.refetch()} />
      ) : null}
      {isEmpty && !hasNextPage ? (
        <Nothing
          query={own}
          bounds={bounds}
          region={region}
          onRegion={onRegion}
          onQuery={onQuery}
        />
      ) : null}
      {traces.length === 0 ? null : isSpans ? (
        <SpanTable {...common} traces={traces} shown={shown} time={time} />
      ) : (
        <TraceTable
          {...common}
          traces={traces}
          shown={shown}
          time={time}
          hasQuery={search_ !== null}
        />
      )}
      {search.isPending ||
      search.isPlaceholderData ||
      (traces.length === 0 && (isError || !hasNextPage)) ? null : (
        <Footer
          search={search}
          last={last}
          count={traces.length}
          sort={sort}
          bounds={bounds}
          zone={zone}
          unlisted={isSpans ? unlisted(traces) : 0}
        />
      )}
    </section>
  );
}

/** Mistakes in the query are told below it; what else went wrong, here. */
function Trouble({ error, onRetry }: { error: unknown; onRetry: () => void }): ReactNode {
  if (error instanceof ApiError && error.code === "invalid_query") {
    return (
      <Empty title="The query cannot be asked">
        <p>What is wrong with it stands under the query bar.</p>
      </Empty>
    );
  }
  return (
    <div className={styles.trouble}>
      <ErrorNote error={error} onRetry={onRetry} />
    </div>
  );
}

type TableProps = Pick<
  Parameters<typeof Grid<TraceRow>>[0],
  "sort" | "onSort" | "scroller" | "onEnd" | "stale"
> & {
  traces: readonly TraceRow[];
  shown: readonly string[];
  time: Parameters<typeof traceColumns>[1];
};

function TraceTable(props: TableProps & { hasQuery: boolean }): ReactNode {
  const { traces, shown, time, hasQuery, ...rest } = props;
  const longest = traces.reduce((most, { durationNs }) => Math.max(most, durationNs), 0);
  const columns = traceColumns(shown, time, longest);
  return (
    <Grid
      {...rest}
      label="Traces"
      columns={columns}
      rows={sorted(traces, columns, rest.sort)}
      rowKey={({ traceId }) => traceId}
      // A query asks for spans of the trace: the first of them is the one to look at.
      href={({ traceId, spans }) =>
        tracePath(traceId, hasQuery ? spanSearch(spans[0]?.spanId) : "")
      }
      name={({ service, name }) => `Trace ${service} ${name}`}
      storeKey="clew.explorer.widths.traces"
    />
  );
}

function SpanTable({ traces, shown, time, ...rest }: TableProps): ReactNode {
  const rows = useMemo(
    () => traces.flatMap((trace): SpanOfTrace[] => trace.spans.map((span) => ({ span, trace }))),
    [traces],
  );
  const longest = rows.reduce((most, { span }) => Math.max(most, span.durationNs), 0);
  const columns = spanColumns([...shown, ...fieldsFound(rows, shown)], time, longest);
  return (
    <Grid
      {...rest}
      label="Spans"
      columns={columns}
      rows={sorted(rows, columns, rest.sort)}
      rowKey={({ span, trace }) => `${span.traceId} ${span.spanId} ${trace.spans.indexOf(span)}`}
      href={({ span }) => tracePath(span.traceId, spanSearch(span.spanId))}
      name={({ span }) => `Span ${span.service} ${span.name}`}
      storeKey="clew.explorer.widths.spans"
    />
  );
}

function spanSearch(spanId: string | undefined): string {
  return spanId === undefined ? "" : `span=${spanId}`;
}

/** Matched spans that are not listed. */
function unlisted(traces: readonly TraceRow[]): number {
  return traces.reduce((sum, { matchedCount, spans }) => sum + matchedCount - spans.length, 0);
}

/** Each trace once: one that grew between two pages may be on both. */
function distinct(pages: readonly SearchPage[]): TraceRow[] {
  const found = new Map<string, TraceRow>();
  for (const { traces } of pages) {
    for (const trace of traces) if (!found.has(trace.traceId)) found.set(trace.traceId, trace);
  }
  return [...found.values()];
}

function within({ startNs, endNs }: Bounds, region: Region | null): Bounds {
  if (region === null) return { startNs, endNs };
  // Both ends of a question are included; a region ends where the next one begins.
  return { startNs: region.startNs, endNs: region.endNs - 1n };
}
