import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import {
  type ReactNode,
  type PointerEvent as ReactPointerEvent,
  type RefObject,
  useEffect,
  useRef,
  useState,
} from "react";
import { Link } from "react-router";
import { classes } from "../../../shared/classes";
import { useShortcut } from "../../../shared/shortcuts";
import type { Sort } from "../state";
import { isWidths, useStored } from "../stored";
import styles from "./grid.module.css";

export interface Column<Row> {
  id: string;
  label: string;
  /** Least width in pixels, and the share of what is left over. */
  width: number;
  grow?: number;
  end?: boolean;
  /** By what rows are sorted; without it they are not, by this column. */
  order?: (row: Row) => number | bigint | string;
  cell: (row: Row) => ReactNode;
}

interface GridProps<Row> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  href: (row: Row) => string;
  /** What the link of a row is called. */
  name: (row: Row) => string;
  sort: Sort | null;
  onSort: (sort: Sort | null) => void;
  /** What scrolls: the rows are a part of what is in it. */
  scroller: RefObject<HTMLElement | null>;
  /** Called when the last rows come into sight. */
  onEnd: () => void;
  storeKey: string;
  stale: boolean;
}

export const ROW = 30;
const LEAST_WIDTH = 48;
const GAP = 12;

/** Rows of equal height, drawn as far as they are in sight. */
export function Grid<Row>(props: GridProps<Row>): ReactNode {
  const { label, columns, rows, rowKey, href, name, scroller, onEnd, stale } = props;
  const [widths, setWidths] = useStored(props.storeKey, {}, isWidths);
  const body = useRef<HTMLTableSectionElement>(null);
  const margin = useOffset(body, scroller);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
    scrollMargin: margin,
    // The header stays above the rows.
    scrollPaddingStart: ROW,
  });
  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (rows.length > 0 && lastShown >= rows.length - 5) onEnd();
  }, [lastShown, rows.length, onEnd]);
  const { active, setActive, move, open } = useActive(rows.length, body, (at) =>
    virtual.scrollToIndex(at, { align: "auto" }),
  );
  useShortcut("j", "Next row", "Results", () => move(1));
  useShortcut("k", "Previous row", "Results", () => move(-1));
  useShortcut("Enter", "Open the row", "Results", open, active !== null);
  const template = columns
    .map(({ id, width, grow }) => {
      const chosen = widths[id];
      if (chosen !== undefined) return `${chosen}px`;
      return grow === undefined ? `${width}px` : `minmax(${width}px, ${grow}fr)`;
    })
    .join(" ");
  const style = { gridTemplateColumns: template };
  const needed = columns.reduce((sum, { id, width }) => sum + (widths[id] ?? width) + GAP, 2 * GAP);
  return (
    <table
      aria-label={label}
      aria-rowcount={rows.length + 1}
      className={styles.table}
      style={{ minWidth: needed }}
    >
      <thead className={styles.header}>
        <tr aria-rowindex={1} className={styles.heads} style={style}>
          {columns.map((column) => (
            <Head
              key={column.id}
              column={column}
              sort={props.sort}
              onSort={props.onSort}
              onWidth={(width) =>
                setWidths({ ...widths, [column.id]: Math.max(LEAST_WIDTH, Math.round(width)) })
              }
            />
          ))}
        </tr>
      </thead>
      <tbody
        ref={body}
        className={classes(styles.body, stale && styles.stale)}
        style={{ height: virtual.getTotalSize() }}
      >
        {items.map(({ index, start }) => {
          const row = rows[index];
          if (row === undefined) return null;
          return (
            <tr
              key={rowKey(row)}
              aria-rowindex={index + 2}
              data-at={index}
              data-active={active === index || undefined}
              className={styles.row}
              style={{ ...style, transform: `translateY(${start - margin}px)` }}
            >
              {columns.map((column, at) => (
                <td key={column.id} className={classes(styles.cell, column.end && styles.end)}>
                  {at === 0 ? (
                    <Link
                      to={href(row)}
                      className={styles.link}
                      aria-label={name(row)}
                      onFocus={() => setActive(index)}
                    />
                  ) : null}
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

interface HeadProps<Row> {
  column: Column<Row>;
  sort: Sort | null;
  onSort: (sort: Sort | null) => void;
  onWidth: (width: number) => void;
}

function Head<Row>({ column, sort, onSort, onWidth }: HeadProps<Row>): ReactNode {
  const own = sort?.column === column.id ? sort : null;
  // First the largest, then the smallest, then as the server gives it.
  const next = () => {
    if (own === null) onSort({ column: column.id, descending: true });
    else onSort(own.descending ? { column: column.id, descending: false } : null);
  };
  const resize = (event: ReactPointerEvent<HTMLSpanElement>) => {
    const handle = event.currentTarget;
    const from = event.clientX;
    const width = handle.parentElement?.getBoundingClientRect().width ?? 0;
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    const drag = (moved: PointerEvent) => onWidth(width + moved.clientX - from);
    handle.addEventListener("pointermove", drag);
    handle.addEventListener(
      "lostpointercapture",
      () => handle.removeEventListener("pointermove", drag),
      { once: true },
    );
  };
  const sorted = own === null ? "none" : own.descending ? "descending" : "ascending";
  return (
    <th scope="col" aria-sort={sorted} className={classes(styles.head, column.end && styles.end)}>
      {column.order === undefined ? (
        column.label
      ) : (
        <button type="button" className={styles.sort} onClick={next}>
          {column.label}
          {own === null ? null : own.descending ? <ArrowDown size={12} /> : <ArrowUp size={12} />}
        </button>
      )}
      <span className={styles.handle} onPointerDown={resize} aria-hidden="true" />
    </th>
  );
}

/** Where an element begins within what scrolls; what is above may change its height. */
function useOffset(
  element: RefObject<HTMLElement | null>,
  scroller: RefObject<HTMLElement | null>,
): number {
  const [offset, setOffset] = useState(0);
  // Not in the commit itself: what scrolls may be attached only after what is in it.
  useEffect(() => {
    const measure = () => {
      const inner = element.current?.getBoundingClientRect().top ?? 0;
      const outer = scroller.current?.getBoundingClientRect().top ?? 0;
      setOffset(Math.round(inner - outer + (scroller.current?.scrollTop ?? 0)));
    };
    measure();
    const observer = new ResizeObserver(measure);
    for (const part of scroller.current?.children ?? []) observer.observe(part);
    return () => observer.disconnect();
  }, [element, scroller]);
  return offset;
}

interface Active {
  active: number | null;
  setActive: (at: number | null) => void;
  move: (by: number) => void;
  open: () => void;
}

/** The row that has the focus, or had it last; `j` and `k` move it, also out of sight. */
function useActive(
  count: number,
  body: RefObject<HTMLElement | null>,
  scrollTo: (at: number) => void,
): Active {
  const [active, setActive] = useState<number | null>(null);
  const waiting = useRef<number | null>(null);
  const linkOf = (at: number) =>
    body.current?.querySelector<HTMLAnchorElement>(`[data-at="${at}"] a`) ?? null;
  useEffect(() => {
    // The row may be drawn only after it was scrolled to.
    if (waiting.current === null) return;
    const link = linkOf(waiting.current);
    if (link === null) return;
    waiting.current = null;
    link.focus({ preventScroll: true });
  });
  const move = (by: number) => {
    if (count === 0) return;
    const next = active === null ? 0 : Math.min(count - 1, Math.max(0, active + by));
    waiting.current = next;
    setActive(next);
    scrollTo(next);
  };
  return {
    active: active !== null && active < count ? active : null,
    setActive,
    move,
    open: () => active !== null && linkOf(active)?.click(),
  };
}
