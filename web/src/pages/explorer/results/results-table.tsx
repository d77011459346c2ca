import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import {
  type MouseEvent,
  type ReactNode,
  type RefObject,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { Link, useNavigate } from "react-router";
import type { SpanRow, TraceRow } from "../../../api/convert-search";
import { tracePath } from "../../../route/paths";
import type { Zone } from "../../../shared/format";
import { useShortcut } from "../../../shared/shortcuts";
import { Badge } from "../../../shared/ui/badge";
import type { Sort } from "../explorer-url";
import { DurationCell, ErrorsCell, OrphanMark, ServicesCell, Swatch, TimeCell } from "./cells";
import styles from "./results.module.css";

const ROW_HEIGHT = 36;
const HEAD_HEIGHT = 30;
const DAY_NS = 86_400_000_000_000n;

export type Rows =
  | { view: "traces"; rows: readonly TraceRow[] }
  | { view: "spans"; rows: readonly SpanRow[] };

interface ResultsTableProps {
  shown: Rows;
  columns: readonly string[];
  sort: Sort;
  onSort: (sort: Sort) => void;
  zone: Zone;
  /** What scrolls. */
  scroller: RefObject<HTMLElement | null>;
  /** Called when the last rows come into sight. */
  onEnd: () => void;
}

/** Traces or spans, a row each; only those in sight are in the page. */
export function ResultsTable(props: ResultsTableProps): ReactNode {
  const { shown, columns, sort, onSort, zone, scroller, onEnd } = props;
  const { rows } = shown;
  const body = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(-1);
  const [margin, setMargin] = useState(0);
  const navigate = useNavigate();
  useLayoutEffect(() => {
    const top = body.current?.getBoundingClientRect().top ?? 0;
    const outer = scroller.current;
    if (outer) setMargin(Math.round(top - outer.getBoundingClientRect().top + outer.scrollTop));
  });
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    scrollMargin: margin,
    scrollPaddingStart: HEAD_HEIGHT,
  });
  const items = virtual.getVirtualItems();
  const lastSeen = items.at(-1)?.index ?? 0;
  useLayoutEffect(() => {
    if (rows.length > 0 && lastSeen >= rows.length - 5) onEnd();
  }, [lastSeen, rows.length, onEnd]);

  const move = (by: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, active + by));
    setActive(next);
    virtual.scrollToIndex(next, { align: "auto" });
  };
  const row = rows[active];
  useShortcut("j", "Next row", "Results", () => move(1), rows.length > 0);
  useShortcut("k", "Previous row", "Results", () => move(-1), rows.length > 0);
  useShortcut(
    "Enter",
    "Open the trace",
    "Results",
    () => row && navigate(hrefOf(row)),
    row !== undefined,
  );

  let slowest = 0;
  for (const one of rows) slowest = Math.max(slowest, one.durationNs);
  const withDay = spansDays(rows);
  return (
    <div
      role="table"
      aria-label={shown.view === "traces" ? "Traces" : "Spans"}
      aria-rowcount={rows.length + 1}
      className={styles.results}
      data-view={shown.view}
      style={{ ["--extra" as string]: columns.length }}
    >
      <div role="rowgroup">
        <div role="row" className={styles.head}>
          <Sorter sort={sort} onSort={onSort} by={["newest", "oldest"]} label="Started" />
          <span role="columnheader">{shown.view === "traces" ? "Trace" : "Span"}</span>
          <Sorter sort={sort} onSort={onSort} by={["slowest"]} label="Duration" />
          {shown.view === "traces" ? (
            <>
              <Sorter
                className={styles.spansHead}
                sort={sort}
                onSort={onSort}
                by={["largest"]}
                label="Spans"
                end
              />
              <Sorter sort={sort} onSort={onSort} by={["errors"]} label="Errors" end />
              <span role="columnheader" className={styles.servicesHead}>
                Services
              </span>
            </>
          ) : (
            columns.map((column) => (
              <span key={column} role="columnheader" className={styles.valueHead} title={column}>
                {column}
              </span>
            ))
          )}
        </div>
      </div>
      <div
        role="rowgroup"
        ref={body}
        className={styles.body}
        style={{ height: virtual.getTotalSize() }}
      >
        {items.map((item) => {
          const one = rows[item.index];
          if (!one) return null;
          const open = (event: MouseEvent) => {
            setActive(item.index);
            // A link within opens by itself, in a new tab if that was asked for.
            if (event.target instanceof Element && event.target.closest("a")) return;
            if (window.getSelection()?.toString()) return;
            if (event.ctrlKey || event.metaKey) window.open(hrefOf(one), "_blank", "noopener");
            else navigate(hrefOf(one));
          };
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the row's link takes the keyboard, as do j, k and Enter
            <div
              key={`${one.traceId}${"spanId" in one ? one.spanId : ""}`}
              role="row"
              aria-rowindex={item.index + 2}
              aria-selected={item.index === active}
              className={styles.row}
              style={{ transform: `translateY(${item.start - margin}px)` }}
              onClick={open}
            >
              <TimeCell ns={one.startNs} zone={zone} withDay={withDay} />
              {"spanId" in one ? (
                <SpanCells span={one} columns={columns} slowest={slowest} />
              ) : (
                <TraceCells trace={one} slowest={slowest} />
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function hrefOf(row: TraceRow | SpanRow): string {
  return "spanId" in row ? tracePath(row.traceId, `span=${row.spanId}`) : tracePath(row.traceId);
}

function spansDays(rows: readonly (TraceRow | SpanRow)[]): boolean {
  const first = rows[0]?.startNs ?? 0n;
  return rows.some((row) => row.startNs - first > DAY_NS || first - row.startNs > DAY_NS);
}

function TraceCells({ trace, slowest }: { trace: TraceRow; slowest: number }): ReactNode {
  return (
    <>
      <span role="cell" className={styles.what}>
        <Swatch service={trace.service} />
        <What href={hrefOf(trace)} service={trace.service} name={trace.name} />
        <OrphanMark count={trace.orphanCount} />
      </span>
      <DurationCell ns={trace.durationNs} ofNs={slowest} isError={trace.errorCount > 0} />
      <span role="cell" className={`${styles.number} ${styles.spans}`}>
        {trace.spanCount.toLocaleString("en")}
      </span>
      <ErrorsCell count={trace.errorCount} />
      <ServicesCell services={trace.services} />
    </>
  );
}

interface SpanCellsProps {
  span: SpanRow;
  columns: readonly string[];
  slowest: number;
}

function SpanCells({ span, columns, slowest }: SpanCellsProps): ReactNode {
  return (
    <>
      <span role="cell" className={styles.what}>
        <Swatch service={span.service} />
        <What href={hrefOf(span)} service={span.service} name={span.name} />
        {span.isError ? <Badge tone="error">error</Badge> : null}
      </span>
      <DurationCell ns={span.durationNs} ofNs={slowest} isError={span.isError} />
      {columns.map((column) => {
        const value = span.selected.get(column);
        return (
          <span key={column} role="cell" className={styles.value} title={value}>
            {value ?? "–"}
          </span>
        );
      })}
    </>
  );
}

function What({ href, service, name }: { href: string; service: string; name: string }): ReactNode {
  return (
    <Link to={href} className={styles.link ?? ""}>
      <span className={styles.service}>{service || "(no service.name)"}</span>
      <span className={styles.name}>{name || "(no name)"}</span>
    </Link>
  );
}

interface SorterProps {
  label: string;
  /** What a click asks for, and then the next one. */
  by: readonly Sort[];
  sort: Sort;
  onSort: (sort: Sort) => void;
  end?: boolean;
  className?: string | undefined;
}

function Sorter({ label, by, sort, onSort, end = false, className }: SorterProps): ReactNode {
  const at = by.indexOf(sort);
  const next = by[(at + 1) % by.length] ?? "newest";
  const ascending = sort === "oldest";
  return (
    <span
      role="columnheader"
      aria-sort={at < 0 ? "none" : ascending ? "ascending" : "descending"}
      className={`${end ? styles.number : ""} ${className ?? ""}`}
    >
      <button
        type="button"
        className={styles.sorter}
        data-sorted={at >= 0 || undefined}
        onClick={() => onSort(at >= 0 && by.length === 1 ? "newest" : next)}
      >
        {label}
        {at < 0 ? null : ascending ? <ArrowUp size={12} /> : <ArrowDown size={12} />}
      </button>
    </span>
  );
}
